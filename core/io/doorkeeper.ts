/**
 * Who may not come in any more, although the CA once said that she may.
 *
 * A node keeps the newest list of the revoked that it has seen; whoever brings one needs no trust, because the CA
 * signed it. Whoever is on it is refused at the door, with a word why, and when a new list comes, whoever is in and on
 * it is shown out: told, and cut. The list is one file that stays whatever becomes of the node's disk otherwise.
 */
import type { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Event } from "../model/events.ts";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { UserName } from "../model/ids.ts";
import { revocationsBytesMax } from "../model/limits.ts";
import type { Peer } from "../model/messages.ts";
import { revokedAt } from "../model/revocations.ts";
import type { WallMs } from "../model/units.ts";
import { refusalOf } from "../wire/schema-faults.ts";
import type { Connection } from "./connection.ts";
import { readText, secretFile, writeFileAtomically } from "./files.ts";
import { revocationsFileName } from "./node-data.ts";
import { type Credentials, madeAtOf } from "./pki/credentials.ts";
import { newestOf, readRevocations, type SignedList } from "./pki/revocation-list.ts";
import { ownRevocations, revokedFault } from "./pki/revoke.ts";

export interface Doorkeeper {
  /** The list that counts here; null when there is none yet. */
  readonly list: SignedList | null;
  /** Of that list; 0 for none. */
  readonly digest: number;
  /** Whether this user's certificate of that moment is revoked. */
  isRevoked(name: UserName, madeAt: WallMs): boolean;
  /** Why somebody who shows this certificate is not let in; null when she is. */
  refusal(peer: Peer, certificate: Pick<X509Certificate, "validFromDate">): Fault | null;
  /** Somebody is in. Should she be revoked meanwhile, she is shown out. */
  admit(connection: Connection, certificate: Pick<X509Certificate, "validFromDate">): void;
  /**
   * Takes a list, which `by` brought, when it is newer than the one that is known. Good: that one, or a newer one,
   * counts now and is on disk. Faults: NOT_ALLOWED when the CA did not sign it; DISK_FULL, FILE_UNWRITABLE when it
   * counts but is not kept: it is tried again with the next that comes.
   */
  take(bytes: Uint8Array, by: string): Result<void>;
}

export interface DoorkeeperParts {
  /** A list as the CA signed it; null when it did not. */
  readonly read: (bytes: Uint8Array) => SignedList | null;
  /** On disk when it returns. */
  readonly save: (list: SignedList) => Result<void>;
  readonly kept: SignedList | null;
  readonly log: (event: Event) => void;
  /** The list has changed, for whatever else depends on it. */
  readonly onNews: () => void;
}

interface Guest {
  readonly connection: Connection;
  readonly name: UserName;
  readonly madeAt: WallMs;
}

export const createDoorkeeper = ({ read, save, kept, log, onNews }: DoorkeeperParts): Doorkeeper => {
  const guests = new Set<Guest>();
  let list = kept;
  let saved: Result<void> = good(undefined);

  const since = (name: UserName, madeAt: WallMs): WallMs | null =>
    list === null ? null : revokedAt(list.users, name, madeAt);
  const faultFor = ({ name, madeAt }: Pick<Guest, "name" | "madeAt">): Fault | null => {
    const at = since(name, madeAt);
    return at === null ? null : revokedFault(name, at, null);
  };
  /** Says how many were shown out. */
  const showOut = (): number => {
    let shown = 0;
    for (const guest of guests) {
      const problem = faultFor(guest);
      if (problem === null) continue;
      sendOff(guest.connection, problem);
      guests.delete(guest);
      shown++;
    }
    return shown;
  };
  return {
    get list() {
      return list;
    },
    get digest() {
      return list?.digest ?? 0;
    },
    isRevoked: (name, madeAt) => since(name, madeAt) !== null,
    refusal: (peer, certificate) =>
      peer.role === "user" ? faultFor({ name: peer.name, madeAt: madeAtOf(certificate) }) : null,
    admit: (connection, certificate) => {
      const { peer } = connection;
      if (peer.role !== "user") return;
      const guest = { connection, name: peer.name, madeAt: madeAtOf(certificate) };
      const problem = faultFor(guest);
      if (problem !== null) return sendOff(connection, problem);
      guests.add(guest);
      void connection.closed.then(() => guests.delete(guest));
    },
    take: (bytes, by) => {
      const brought = read(bytes);
      if (brought === null)
        return bad(fault("NOT_ALLOWED", { what: "a list that the cluster's CA did not sign" }));
      if (newestOf([list, brought]) !== list) {
        list = brought;
        saved = save(list);
        onNews();
        const { number, users } = list;
        log({ kind: "users.revoked", number, users: users.size, closed: showOut(), by });
      } else if (!saved.ok && list !== null) saved = save(list);
      return saved;
    },
  };
};

/** What she is in the middle of ends here. The word why goes out first, and what she still sends is thrown away. */
const sendOff = (connection: Connection, problem: Fault): void => connection.dismiss(refusalOf(problem));

/** The list in a node's folder; where the CA is kept on the same machine, the CA's own if that is newer. */
export const openDoorkeeper = (
  nodeFolder: string,
  data: string,
  { caPem }: Credentials,
  parts: Pick<DoorkeeperParts, "log" | "onNews">,
): Doorkeeper => {
  const path = join(nodeFolder, revocationsFileName);
  const read = (bytes: Uint8Array): SignedList | null => readRevocations(bytes, caPem);
  const save = ({ bytes }: SignedList): Result<void> => writeFileAtomically(path, bytes, secretFile);
  const text = readText(path, revocationsBytesMax);
  const kept = text.ok ? read(Buffer.from(text.value)) : null;
  const newest = newestOf([kept, ownRevocations(data, caPem)]);
  // Should this fail, it is there again at the next start.
  if (newest !== null && newest !== kept) save(newest);
  return createDoorkeeper({ ...parts, read, save, kept: newest });
};
