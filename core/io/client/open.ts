/**
 * Pictures opened in memory, to be looked at and forgotten: the small one that is in the record, or the whole.
 */
import { bad, FaultError, fault, good, type Result } from "../../model/faults.ts";
import type { ImageId, UserName } from "../../model/ids.ts";
import { headerFor } from "../../model/readers.ts";
import type { ImageRecord } from "../../model/records.ts";
import { openHeader } from "../../seal/header.ts";
import type { KeyPair } from "../../seal/identity.ts";
import { createOpener } from "../../seal/payload.ts";
import { fetchPayload, headerOf, isWanted, type Opening, openInto } from "./get.ts";
import type { Session } from "./session.ts";

/** The WebP in the record, opened; null when there is none. Errors: IMAGE_NOT_FOUND without a header, SEAL_BROKEN. */
export const openThumbnail = async (
  record: ImageRecord,
  reader: UserName,
  { identity }: KeyPair,
): Promise<Result<Uint8Array | null>> => {
  const { thumbnail } = record.inspection.value;
  if (thumbnail === null) return good(null);
  const { id } = record.facts;
  const header = headerFor(record, reader);
  if (header === null) return bad(fault("IMAGE_NOT_FOUND", { id }));
  const fileKey = await openHeader(header, identity, id);
  if (!fileKey.ok) return fileKey;
  const opener = createOpener({ fileKey: fileKey.value, id });
  const first = opener.push(thumbnail);
  const last = opener.finish();
  const problem = first.fault ?? last.fault;
  return problem === null ? good(joined([...first.plain, ...last.plain])) : bad(problem);
};

/**
 * The whole image, when it has at most `bytesMax` bytes; nothing is given before every byte was authenticated and the
 * whole was recognized. Errors: those of `fetchPayload`, and NOT_VIEWABLE when it is larger.
 */
export const openWhole = async (
  session: Session,
  reader: UserName,
  keys: KeyPair,
  id: ImageId,
  bytesMax: number,
): Promise<Result<Uint8Array>> => {
  let chunks: Uint8Array[] = [];
  let open: Opening | null = null;
  let key: Uint8Array = new Uint8Array(0);
  const fetched = await fetchPayload(
    session,
    id,
    async (chunk) => open?.push(chunk),
    async (record) => {
      const { name, bytes } = record.facts;
      if (bytes > bytesMax)
        throw new FaultError(
          fault("NOT_VIEWABLE", { name, reason: "it is too large to be opened in memory" }),
        );
      const fileKey = await openHeader(headerOf(record, reader), keys.identity, id);
      if (!fileKey.ok) throw new FaultError(fileKey.fault);
      key = fileKey.value;
      const kept: Uint8Array[] = [];
      chunks = kept;
      open = openInto({ write: async (chunk) => void kept.push(chunk) }, key, id);
    },
  );
  if (!fetched.ok) return fetched;
  try {
    const sha256 = await (open as Opening | null)?.finish();
    if (sha256 !== undefined && isWanted(fetched.value, sha256, key, keys, reader))
      return good(joined(chunks));
    return bad(fault("SEAL_BROKEN", { id, reason: "it is not the image that was uploaded" }));
  } catch (error) {
    if (error instanceof FaultError) return bad(error.fault);
    throw error;
  }
};

const joined = (chunks: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
};
