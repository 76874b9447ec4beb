/**
 * Certificates are taken back, where the CA is kept.
 *
 * What is signed says "certificates of this user that were made until now". The CA's own newest list lies beside its
 * key, and each is one file under its number that appears once and whole: of two operators who revoke at the same
 * moment one finds the number taken and goes on from what the other wrote. The nodes' lists are looked at as well. If
 * the CA was restored from an old copy, they know what it has forgotten.
 */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bad, type Fault, fault, good, type Result } from "../../model/faults.ts";
import type { UserName } from "../../model/ids.ts";
import { revocationsBytesMax, usersMax } from "../../model/limits.ts";
import {
  includesRevoked,
  joinRevoked,
  type RevokedUsers,
  revokedAt,
  wholeSecond,
} from "../../model/revocations.ts";
import { type WallMs, wallMs } from "../../model/units.ts";
import { makeFolder, readText, writeFileOnce } from "../files.ts";
import type { Authority } from "./authority.ts";
import { authorityPaths } from "./places.ts";
import { newestOf, readRevocations, type SignedList, signRevocations } from "./revocation-list.ts";

export interface Revoked {
  readonly list: SignedList;
  /** Certificates that were made then or before are revoked. */
  readonly until: WallMs;
  /** `kept`: she was revoked before, and has been given nothing since. */
  readonly state: "made" | "kept";
}

/** What is known besides the CA's own lists. */
export interface KnownOfUser {
  /** Those that nodes have. */
  readonly lists: readonly SignedList[];
  /** When each of her certificates was made, as far as anybody remembers them. */
  readonly madeAt: readonly WallMs[];
}

/**
 * Her certificates up to `now` are revoked when this returns; what was revoked before stays so. Faults: USER_UNKNOWN
 * when she is on no list and nobody remembers a certificate of hers; USAGE when no more users fit on a list; BUSY when
 * others revoke without end; DISK_FULL, FILE_UNWRITABLE.
 */
export const revokeUser = (
  data: string,
  authority: Authority,
  name: UserName,
  known: KnownOfUser,
  now: WallMs,
): Result<Revoked> => {
  for (let tries = 0; tries < triesMax; tries++) {
    const lists = [...listsIn(data, authority.certificatePem), ...known.lists];
    const before = joinRevoked(lists.map(({ users }) => users));
    if (known.madeAt.length === 0 && !before.has(name)) return bad(fault("USER_UNKNOWN", { name }));
    const after = withUser(before, name, known.madeAt, now);
    if (after.size > usersMax) return bad(listFull);
    const newest = newestOf(lists);
    const isCovered = newest !== null && includesRevoked(newest.users, after);
    const list = isCovered ? newest : signRevocations(authority, nextNumber(data, newest), after);
    const kept = keepList(data, list);
    if (!kept.ok) return kept;
    const until = after.get(name) ?? now;
    if (isCovered || kept.value === "made")
      return good({ list, until, state: until === before.get(name) ? "kept" : "made" });
  }
  return bad(fault("BUSY", { what: "others revoke users at the same time" }));
};

/** The CA's own newest list; null when nobody was ever revoked. */
export const ownRevocations = (data: string, caPem: string): SignedList | null => {
  for (const list of listsIn(data, caPem)) return list;
  return null;
};

/** When a certificate for this user must have been made to count: later than what was revoked. */
export const signingTime = (revoked: RevokedUsers, name: UserName, now: WallMs): WallMs =>
  wallMs(Math.max(now, (revoked.get(name) ?? 0) + 1_000));

/** `command`: what lets her in again on this machine; null where the CA is not kept. */
export const revokedFault = (name: UserName, since: WallMs, command: string | null): Fault =>
  fault("CREDENTIALS_REVOKED", { name, since: new Date(since).toISOString().slice(0, 10), command });

const triesMax = 20;
const listFull = fault("USAGE", {
  message: `${usersMax} users are revoked already, and no list has room for more`,
  hint: "found another cluster for those who are left: distinsta init --data DIR",
});

/** `made`: when each of her certificates that is known was made. Whoever has none later than what counts stays as she is. */
const withUser = (
  before: RevokedUsers,
  name: UserName,
  made: readonly WallMs[],
  now: WallMs,
): RevokedUsers => {
  if (made.length > 0 && made.every((at) => revokedAt(before, name, at) !== null)) return before;
  return new Map(before).set(name, wholeSecond(Math.max(now, before.get(name) ?? 0, ...made)));
};

/** A file that cannot be read has had its number all the same. */
const nextNumber = (data: string, newest: SignedList | null): number =>
  1 + Math.max(newest?.number ?? 0, ...numbersIn(authorityPaths(data).revocations));

/** Older lists than these are of no use; that of a slow writer must not be taken for news after all were removed. */
const listsKept = 8;

/** `made` also when it is there already, just so. */
const keepList = (data: string, list: SignedList): Result<"made" | "existed"> => {
  const { revocations: folder } = authorityPaths(data);
  const prepared = makeFolder(folder);
  if (!prepared.ok) return prepared;
  const path = pathOf(folder, list.number);
  const written = writeFileOnce(path, list.bytes);
  if (!written.ok) return written;
  const numbers = numbersIn(folder);
  if (Math.max(...numbers) > list.number) return good("existed");
  for (const number of numbers.filter((number) => number <= list.number - listsKept))
    rmSync(pathOf(folder, number), { force: true });
  if (written.value === "made") return good("made");
  const there = readText(path, revocationsBytesMax);
  return good(there.ok && Buffer.from(there.value).equals(list.bytes) ? "made" : "existed");
};

const pathOf = (folder: string, number: number): string => join(folder, `${number}.txt`);

/** None where there is no such folder yet; what is in its way is told when a list is to be written. */
const numbersIn = (folder: string): readonly number[] =>
  filesIn(folder).flatMap((file) => {
    const number = /^([1-9]\d{0,14})\.txt$/.exec(file)?.[1];
    return number === undefined ? [] : [Number(number)];
  });

const filesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Those that can be read and are of this CA, the newest first, at most `listsKept`; each is read when it is asked for. */
function* listsIn(data: string, caPem: string): Generator<SignedList> {
  const { revocations: folder } = authorityPaths(data);
  const newestFirst = numbersIn(folder).toSorted((a, b) => b - a);
  for (const number of newestFirst.slice(0, listsKept)) {
    const text = readText(pathOf(folder, number), revocationsBytesMax);
    const list = text.ok ? readRevocations(Buffer.from(text.value), caPem) : null;
    if (list !== null) yield list;
  }
}
