/**
 * Fetching what is stored: the record first, then the payload, checked against it.
 */
import { createHash } from "node:crypto";
import { bad, FaultError, fault, good, type Result } from "../../model/faults.ts";
import type { ImageId } from "../../model/ids.ts";
import { stallMsMax } from "../../model/limits.ts";
import type { ImageRecord } from "../../model/records.ts";
import { openHeader } from "../../seal/header.ts";
import type { KeyPair } from "../../seal/identity.ts";
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
  owner: string,
  id: ImageId,
  fileFor: (record: ImageRecord) => PartFile,
): Promise<Result<Got>> => {
  let file: PartFile | null = null;
  const fetched = await fetchPayload(
    session,
    id,
    async (chunk) => file?.write(chunk),
    async (record) => {
      file = fileFor(record);
      await file.restart(headerOf(record, owner));
    },
  );
  return conclude(fetched, id, file);
};

export interface Got {
  readonly record: ImageRecord;
  readonly savedAs: string;
}

/**
 * Opened with the owner's identity, into `file`. Nothing is in its place before every byte was authenticated
 * and the whole was recognized by its fingerprint.
 */
export const getOpened = async (
  session: Session,
  owner: string,
  keys: KeyPair,
  id: ImageId,
  fileFor: (record: ImageRecord) => PartFile,
): Promise<Result<Got>> => {
  let file: PartFile | null = null;
  let open: Opening | null = null;
  const fetched = await fetchPayload(
    session,
    id,
    async (chunk) => open?.push(chunk),
    async (record) => {
      const fileKey = await openHeader(headerOf(record, owner), keys.identity, id);
      if (!fileKey.ok) throw new FaultError(fileKey.fault);
      file = fileFor(record);
      await file.restart(new Uint8Array(0));
      open = openInto(file, fileKey.value, id);
    },
  );
  if (!fetched.ok) return conclude(fetched, id, file);
  const finished = await finishOpening(open, keys, fetched.value);
  return conclude(finished, id, file);
};

interface Opening {
  push(sealed: Uint8Array): Promise<void>;
  /** SHA-256 of the plain image. */
  finish(): Promise<Uint8Array>;
}

const openInto = (file: PartFile, fileKey: Uint8Array, id: ImageId): Opening => {
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

const finishOpening = async (
  open: Opening | null,
  keys: KeyPair,
  record: ImageRecord,
): Promise<Result<ImageRecord>> => {
  try {
    const sha256 = await open?.finish();
    if (sha256 !== undefined && sameBytes(fingerprint(keys.identity, sha256), record.facts.fingerprint)) {
      return good(record);
    }
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

/** The header that opens it for `owner`; throws FaultError when there is none. */
const headerOf = (record: ImageRecord, owner: string): Uint8Array => {
  const register = record.headers[owner];
  if (register === undefined) throw new FaultError(fault("IMAGE_NOT_FOUND", { id: record.facts.id }));
  return register.value;
};
