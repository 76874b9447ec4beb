/**
 * Fetching what is stored: the record first, then the payload, checked against it.
 */
import { createHash } from "node:crypto";
import { bad, FaultError, fault, good, type Result } from "../../model/faults.ts";
import type { ImageId } from "../../model/ids.ts";
import { stallMsMax } from "../../model/limits.ts";
import { headerFor } from "../../model/readers.ts";
import type { ImageRecord } from "../../model/records.ts";
import { openHeader } from "../../seal/header.ts";
import type { KeyPair } from "../../seal/identity.ts";
import { isIdOf } from "../../seal/image-id.ts";
import { fingerprint } from "../../seal/nonce.ts";
import { createOpener } from "../../seal/payload.ts";
import { sameBytes } from "../bytes.ts";
import { replyFrom } from "../exchange.ts";
import { askAndTake } from "./ask.ts";
import type { PartFile } from "./sealed-file.ts";
import type { Session } from "./session.ts";

/**
 * Streams the payload of one image to `write`, after telling its record to `begin` (again from the start when
 * another server has to take over). Errors: IMAGE_NOT_FOUND, IMAGE_UNAVAILABLE, SEAL_BROKEN, NO_SERVER.
 */
export const fetchPayload = (
  session: Session,
  id: ImageId,
  write: (chunk: Uint8Array) => Promise<void>,
  begin: (record: ImageRecord) => Promise<void> = async () => undefined,
): Promise<Result<ImageRecord>> =>
  askAndTake(
    session,
    async (connection) => {
      await connection.send({ kind: "get", id });
      return (await replyFrom(connection, ["get.found"])).record;
    },
    async (connection, record) => {
      if (record.facts.id !== id) {
        throw new FaultError(fault("IMAGE_UNAVAILABLE", { id, reason: "the server sent another image" }));
      }
      await begin(record);
      const hash = createHash("sha256");
      let received = 0;
      while (received < record.facts.payloadBytes) {
        const incoming = await connection.receive({ withinMs: stallMsMax });
        if (incoming.kind === "message") {
          const reason = "the server broke off";
          throw new FaultError(fault("IMAGE_UNAVAILABLE", { id, reason }));
        }
        received += incoming.bytes.length;
        hash.update(incoming.bytes);
        await write(incoming.bytes);
      }
      if (!hash.digest().equals(record.facts.payloadHash)) {
        throw new FaultError(
          fault("SEAL_BROKEN", { id, reason: "its bytes are not the ones that were stored" }),
        );
      }
      return record;
    },
  );

/** As stored: header and payload, an ordinary `.age` file, into `file`. */
export const getSealed = async (
  session: Session,
  reader: string,
  id: ImageId,
  fileFor: (record: ImageRecord) => PartFile,
): Promise<Result<Got>> => {
  let file: PartFile | null = null;
  const fetched = await fetchPayload(
    session,
    id,
    async (chunk) => file?.write(chunk),
    async (record) => {
      file = await another(file, () => fileFor(record));
      await file.restart(headerOf(record, reader));
    },
  );
  return conclude(fetched, id, file);
};

/** What came from a server that broke off is given up before anything from the next is written, maybe to the same place. */
const another = async (former: PartFile | null, make: () => PartFile): Promise<PartFile> => {
  await former?.discard();
  return make();
};

export interface Got {
  readonly record: ImageRecord;
  readonly savedAs: string;
}

/**
 * Opened with the reader's identity, into `file`. Nothing is in its place before every byte was authenticated
 * and the whole was recognized.
 */
export const getOpened = async (
  session: Session,
  reader: string,
  keys: KeyPair,
  id: ImageId,
  fileFor: (record: ImageRecord) => PartFile,
): Promise<Result<Got>> => {
  let file: PartFile | null = null;
  let open: Opening | null = null;
  let key: Uint8Array = new Uint8Array(0);
  const fetched = await fetchPayload(
    session,
    id,
    async (chunk) => open?.push(chunk),
    async (record) => {
      const fileKey = await openHeader(headerOf(record, reader), keys.identity, id);
      if (!fileKey.ok) throw new FaultError(fileKey.fault);
      key = fileKey.value;
      file = await another(file, () => fileFor(record));
      await file.restart(new Uint8Array(0));
      open = openInto(file, fileKey.value, id);
    },
  );
  if (!fetched.ok) return conclude(fetched, id, file);
  const finished = await finishOpening(open, fetched.value, (sha256) =>
    isWanted(fetched.value, sha256, key, keys, reader),
  );
  return conclude(finished, id, file);
};

export interface Opening {
  push(sealed: Uint8Array): Promise<void>;
  /** SHA-256 of the plain image. */
  finish(): Promise<Uint8Array>;
}

export const openInto = (file: Pick<PartFile, "write">, fileKey: Uint8Array, id: ImageId): Opening => {
  const opener = createOpener({ fileKey, id });
  const hash = createHash("sha256");
  const take = async (opened: ReturnType<typeof opener.push>): Promise<void> => {
    for (const chunk of opened.plain) {
      hash.update(chunk);
      await file.write(chunk);
    }
    if (opened.fault !== null) throw new FaultError(opened.fault);
  };
  return {
    push: (sealed) => take(opener.push(sealed)),
    finish: async () => {
      await take(opener.finish());
      return hash.digest();
    },
  };
};

/**
 * The owner has left a fingerprint that only she can make. Everybody else who has the file key can check that the id
 * is that of this picture of this owner.
 */
export const isWanted = (
  { facts }: ImageRecord,
  sha256: Uint8Array,
  fileKey: Uint8Array,
  { identity }: KeyPair,
  reader: string,
): boolean =>
  reader === facts.owner
    ? sameBytes(fingerprint(identity, sha256), facts.fingerprint)
    : isIdOf(facts.id, fileKey, sha256, facts.owner);

const finishOpening = async (
  open: Opening | null,
  record: ImageRecord,
  isRight: (sha256: Uint8Array) => boolean,
): Promise<Result<ImageRecord>> => {
  try {
    const sha256 = await open?.finish();
    if (sha256 !== undefined && isRight(sha256)) return good(record);
    return bad(
      fault("SEAL_BROKEN", { id: record.facts.id, reason: "it is not the image that was uploaded" }),
    );
  } catch (error) {
    if (error instanceof FaultError) return bad(error.fault);
    throw error;
  }
};

const conclude = async (
  fetched: Result<ImageRecord>,
  id: ImageId,
  file: PartFile | null,
): Promise<Result<Got>> => {
  if (!fetched.ok || file === null) {
    await file?.discard();
    return fetched.ok ? bad(fault("IMAGE_UNAVAILABLE", { id, reason: "nothing came" })) : fetched;
  }
  const saved = await file.finish(id, null);
  return saved.ok ? good({ record: fetched.value, savedAs: saved.value }) : saved;
};

/** The header that opens it for `reader`; throws FaultError when there is none. */
export const headerOf = (record: ImageRecord, reader: string): Uint8Array => {
  const header = headerFor(record, reader);
  if (header === null) throw new FaultError(fault("IMAGE_NOT_FOUND", { id: record.facts.id }));
  return header;
};
