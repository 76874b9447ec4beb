/**
 * Letting somebody else read an image: its file key is wrapped to her recipient, here, where it can be unwrapped.
 *
 * No server is believed about whose recipient it is. All of them are asked for her certificate; what counts is that
 * the cluster's CA signed it, and of several the one that was made last, so that one server that withholds a newer one
 * changes nothing. The same holds for the list of the revoked, which the CA has signed as well.
 */
import { X509Certificate } from "node:crypto";
import { bad, type Fault, fault, good, type Result, wordFault } from "../../model/faults.ts";
import { type ImageId, shortId, type UserName } from "../../model/ids.ts";
import { headerFor, registerOf } from "../../model/readers.ts";
import type { ImageRecord, Stamp } from "../../model/records.ts";
import { type RevokedUsers, revokedAt } from "../../model/revocations.ts";
import type { WallMs } from "../../model/units.ts";
import { openHeader, wrapFileKey } from "../../seal/header.ts";
import type { KeyPair } from "../../seal/identity.ts";
import { replyFrom } from "../exchange.ts";
import { checkCertificate, madeAtOf } from "../pki/credentials.ts";
import { sayPeer } from "../pki/identity.ts";
import { askAny } from "./ask.ts";
import { describeImage } from "./change.ts";
import { hearRevocations } from "./revocations.ts";
import type { Session } from "./session.ts";
import { askMost } from "./status.ts";

/** Errors: IMAGE_NOT_FOUND, IMAGE_NOT_OWNED, USER_NOT_FOUND, USER_DOUBTFUL, READERS_FULL, SEAL_BROKEN, NO_SERVER, USAGE. */
export const shareImage = async (
  session: Session,
  owner: UserName,
  { identity }: KeyPair,
  id: ImageId,
  reader: UserName,
): Promise<Result<void>> => {
  const found = await findOwned(session, owner, id);
  if (!found.ok) return found;
  if (reader === owner) return bad(ownReader(id));
  const person = await findUser(session, reader);
  if (!person.ok) return person;
  const own = headerFor(found.value, owner);
  if (own === null) return bad(fault("IMAGE_NOT_FOUND", { id }));
  const fileKey = await openHeader(own, identity, id);
  if (!fileKey.ok) return fileKey;
  const header = await wrapFileKey(fileKey.value, [person.value.recipient]);
  if (!header.ok) return header;
  return changeReader(session, id, reader, header.value, stampOf(found.value, reader));
};

/** Errors: IMAGE_NOT_FOUND, IMAGE_NOT_OWNED, NOT_SHARED, NO_SERVER, USAGE. */
export const unshareImage = async (
  session: Session,
  owner: UserName,
  id: ImageId,
  reader: UserName,
): Promise<Result<void>> => {
  const found = await findOwned(session, owner, id);
  if (!found.ok) return found;
  if (reader === owner) return bad(ownReader(id));
  const seen = stampOf(found.value, reader);
  if (seen === null) return bad(fault("NOT_SHARED", { id, name: reader }));
  return changeReader(session, id, reader, null, seen);
};

const ownReader = (id: ImageId): Fault =>
  fault("USAGE", {
    message: `image ${shortId(id)} is yours already`,
    hint: "name somebody else: distinsta client USER share ID NAME",
  });

const findOwned = async (session: Session, owner: UserName, id: ImageId): Promise<Result<ImageRecord>> => {
  const found = await describeImage(session, id);
  if (!found.ok) return found;
  const { record } = found.value;
  if (record.facts.owner !== owner) return bad(fault("IMAGE_NOT_OWNED", { id, owner: record.facts.owner }));
  return good(record);
};

const stampOf = ({ headers }: ImageRecord, reader: UserName): Stamp | null =>
  registerOf(headers, reader)?.stamp ?? null;

/** `header` null: no longer. `seen`: what the caller saw of the reader before. */
export const changeReader = (
  session: Session,
  id: ImageId,
  reader: UserName,
  header: Uint8Array | null,
  seen: Stamp | null,
): Promise<Result<void>> =>
  askAny(session, async (connection) => {
    await connection.send({ kind: "share", id, reader, header, seen });
    await replyFrom(connection, ["changed"]);
  });

export interface Person {
  readonly recipient: string;
  readonly madeAt: WallMs;
}

/** Whom the servers know under this name, proven. Errors: USER_NOT_FOUND, USER_DOUBTFUL, NO_SERVER. */
export const findUser = async (session: Session, name: UserName): Promise<Result<Person>> => {
  const answers = await askMost(session, async (connection) => {
    await hearRevocations(session, connection);
    await connection.send({ kind: "user", name });
    return (await replyFrom(connection, ["user.found"])).certificate;
  });
  const { credentials, clock } = session;
  const revoked = session.revoked.newest?.users ?? new Map<UserName, WallMs>();
  const people = answers.map((answer) => {
    if (!answer.ok) return answer.fault.code === "USER_NOT_FOUND" ? unrevoked(revoked, name, null) : answer;
    const person = proven(answer.value, credentials.caPem, name, clock.wall());
    return person.ok ? unrevoked(revoked, name, person.value) : person;
  });
  const [latest] = people
    .flatMap((person) => (person.ok ? [person.value] : []))
    .sort((a, b) => b.madeAt - a.madeAt);
  if (latest !== undefined) return good(latest);
  const faults = people.flatMap((person) => (person.ok ? [] : [person.fault]));
  return bad(
    faults.find(({ code }) => code === "USER_DOUBTFUL") ??
      faults.find(({ code }) => code === "USER_NOT_FOUND") ??
      fault("NO_SERVER", { tried: faults.map((problem) => wordFault(problem).what) }),
  );
};

/** The person, unless the newest certificate that is known was revoked. `person` null: none is known. */
const unrevoked = (revoked: RevokedUsers, name: UserName, person: Person | null): Result<Person> => {
  const since = revokedAt(revoked, name, person?.madeAt ?? 0);
  if (since === null) return person === null ? bad(fault("USER_NOT_FOUND", { name })) : good(person);
  const day = new Date(since).toISOString().slice(0, 10);
  const reason = `the certificate was revoked on ${day}, and no later one is known to the servers`;
  return bad(fault("USER_DOUBTFUL", { name, reason }));
};

/** Whose recipient it is, when the CA in `caPem` says at `now` that `name` has it. USER_DOUBTFUL. */
export const proven = (
  certificateDer: Uint8Array,
  caPem: string,
  name: UserName,
  now: WallMs,
): Result<Person> => {
  const doubtful = (reason: string): Result<never> => bad(fault("USER_DOUBTFUL", { name, reason }));
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(certificateDer);
  } catch {
    return doubtful("what the servers have is no certificate");
  }
  const path = `of ${name}`;
  const peer = checkCertificate(path, certificate, new X509Certificate(caPem), now);
  if (!peer.ok) {
    const { fault: problem } = peer;
    return doubtful(problem.code === "CREDENTIALS_INVALID" ? problem.reason : wordFault(problem).what);
  }
  if (peer.value.role !== "user" || peer.value.name !== name)
    return doubtful(`what the servers have is the certificate of ${sayPeer(peer.value)}`);
  return good({ recipient: peer.value.recipient, madeAt: madeAtOf(certificate) });
};
