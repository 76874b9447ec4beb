/**
 * The users that the nodes have met, each by her certificate: so that others can seal to her.
 *
 * A certificate proves itself by the CA's signature. So it does not matter who hands it on, or whether a node is
 * honest; a client checks what it gets. A node keeps the certificate of everybody who comes, and those that other nodes
 * have kept. Of two for one name the one that was made last stays, on whichever node they meet.
 */
import { createHash, X509Certificate } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Result } from "../model/faults.ts";
import type { UserName } from "../model/ids.ts";
import { certificateBytesMax, usersMax } from "../model/limits.ts";
import type { UsersPage } from "../model/messages.ts";
import type { WallMs } from "../model/units.ts";
import { makeFolder, readText, secretFile, secretFolder, writeFileAtomically } from "./files.ts";
import { type Credentials, madeAtOf, parseCertificate, pemBytesMax, vouchedFor } from "./pki/credentials.ts";

export interface Directory {
  /** DER; null for somebody who is not known. */
  find(name: UserName): Uint8Array | null;
  /** Keeps a certificate (DER), unless it is nobody's, or older than the one that is known. Says whether it is the one now. */
  enter(certificate: Uint8Array): boolean;
  /** Judges all anew, and forgets those who are nobody's now. */
  judgeAgain(): void;
  /** Of all certificates together: equal on two nodes that know the same. */
  readonly digest: number;
  readonly full: boolean;
  /** By ascending name, after `after`. */
  page(after: UserName | null, limit: number): Omit<UsersPage, "kind">;
}

/** A certificate of a user, as far as it matters here. */
export interface Introduction {
  readonly name: UserName;
  readonly madeAt: WallMs;
}

export interface DirectoryParts {
  /** Whose it is, when this cluster's CA made it and has not revoked it; also when its time is over. */
  readonly judge: (certificate: Uint8Array) => Introduction | null;
  /** On disk when it returns. A failure is no trouble: the other nodes have it, and its owner comes again. */
  readonly save: (name: UserName, certificate: Uint8Array) => Result<void>;
  /** The opposite. What stays on disk nonetheless is judged when it is read. */
  readonly remove: (name: UserName) => void;
  readonly kept: readonly Uint8Array[];
}

interface Entry extends Introduction {
  readonly certificate: Uint8Array;
  readonly digest: number;
  readonly saved: boolean;
}

export const createDirectory = ({ judge, save, remove, kept }: DirectoryParts): Directory => {
  const entries = new Map<UserName, Entry>();
  const byDigest = new Map<number, Entry>();
  let sum = 0;

  const place = (entry: Entry): void => {
    const before = entries.get(entry.name)?.digest ?? 0;
    byDigest.delete(before);
    byDigest.set(entry.digest, entry);
    sum = (sum + entry.digest - before + digestSpan) % digestSpan;
    entries.set(entry.name, entry);
  };
  const forget = ({ name, digest }: Entry): void => {
    byDigest.delete(digest);
    entries.delete(name);
    sum = (sum - digest + digestSpan) % digestSpan;
    remove(name);
  };
  /** Most who come have come before, with the same certificate, which was judged then. */
  const knownAs = (certificate: Uint8Array): Entry | null => {
    const entry = byDigest.get(digestOf(certificate)) ?? null;
    return entry !== null && Buffer.compare(entry.certificate, certificate) === 0 ? entry : null;
  };
  /** The entry that it makes; null when it changes nothing. */
  const entryOf = (certificate: Uint8Array): Entry | null => {
    if (certificate.length > certificateBytesMax) return null;
    const introduction = judge(certificate);
    if (introduction === null) return null;
    const known = entries.get(introduction.name);
    if (known === undefined && entries.size >= usersMax) return null;
    if (known !== undefined && !isLater({ ...introduction, certificate }, known)) return null;
    return { ...introduction, certificate, digest: digestOf(certificate), saved: true };
  };
  for (const certificate of kept) {
    const entry = entryOf(certificate);
    if (entry !== null) place(entry);
  }
  return {
    find: (name) => entries.get(name)?.certificate ?? null,
    enter: (certificate) => {
      const known = knownAs(certificate);
      if (known?.saved === true) return true;
      const entry = known ?? entryOf(certificate);
      if (entry === null) return false;
      place({ ...entry, saved: save(entry.name, certificate).ok });
      return true;
    },
    judgeAgain: () => {
      for (const entry of entries.values()) if (judge(entry.certificate) === null) forget(entry);
    },
    get digest() {
      return sum;
    },
    get full() {
      return entries.size >= usersMax;
    },
    page: (after, limit) => {
      const names = [...entries.keys()].filter((name) => after === null || name > after).sort();
      const users = names
        .slice(0, limit)
        .flatMap((name) => entries.get(name) ?? [])
        .map(({ name, digest }) => ({ name, digest }));
      return { users, more: names.length > users.length };
    },
  };
};

/** Digests and their sums are below it. */
const digestSpan = 2 ** 48;

/** 0 … 2^48 − 1: the first 48 bits of the SHA-256 of a certificate. */
export const digestOf = (certificate: Uint8Array): number =>
  createHash("sha256").update(certificate).digest().readUIntBE(0, 6);

type Dated = Pick<Entry, "madeAt" | "certificate">;

/** Of two that were made in one second the greater stays, so that all nodes keep the same. */
const isLater = (a: Dated, b: Dated): boolean =>
  a.madeAt !== b.madeAt ? a.madeAt > b.madeAt : Buffer.compare(a.certificate, b.certificate) > 0;

/**
 * The directory in a node's folder, one file a user. What cannot be read there is left out: it will come again.
 * `isRevoked`: of a certificate of that user which was made then.
 */
export const openDirectory = (
  nodeFolder: string,
  { caPem }: Credentials,
  isRevoked: (name: UserName, madeAt: WallMs) => boolean,
): Directory => {
  const folder = join(nodeFolder, "users");
  const made = makeFolder(folder, secretFolder);
  const authority = new X509Certificate(caPem);
  const pathOf = (name: UserName): string => join(folder, `${name}.pem`);
  return createDirectory({
    kept: made.ok ? keptIn(folder) : [],
    judge: (certificate) => {
      const introduction = introductionOf(certificate, authority);
      return introduction === null || isRevoked(introduction.name, introduction.madeAt) ? null : introduction;
    },
    save: (name, certificate) => {
      if (!made.ok) return made;
      const pem = new X509Certificate(certificate).toString();
      return writeFileAtomically(pathOf(name), pem, secretFile);
    },
    remove: (name) => {
      try {
        rmSync(pathOf(name), { force: true });
      } catch {
        // A disk that takes nothing back: what stays there is judged when it is read.
      }
    },
  });
};

const keptIn = (folder: string): readonly Uint8Array[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".pem"))
    .slice(0, usersMax)
    .flatMap((name) => {
      const pem = readText(join(folder, name), pemBytesMax);
      const certificate = pem.ok ? parseCertificate(pem.value) : null;
      return certificate === null ? [] : [certificate.raw];
    });

/** Whose certificate it is, when it is a user's, and `authority` made it. */
export const introductionOf = (der: Uint8Array, authority: X509Certificate): Introduction | null => {
  try {
    const certificate = new X509Certificate(der);
    const peer = vouchedFor("", certificate, authority);
    if (!peer.ok || peer.value.role !== "user") return null;
    return { name: peer.value.name, madeAt: madeAtOf(certificate) };
  } catch {
    return null;
  }
};
