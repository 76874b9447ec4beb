/**
 * Uploading one image: prepared once, sent until somebody has it, and its sealed form put in its place.
 *
 * Everything that must not change between tries — id, file key, header, hash — is made here once, before the first.
 */
import { join } from "node:path";
import { bad, fault, good, type Result, wordFault } from "../../model/faults.ts";
import type { Receipt } from "../../model/messages.ts";
import type { KeyPair } from "../../seal/identity.ts";
import { imageIdOf } from "../../seal/image-id.ts";
import { fingerprint } from "../../seal/nonce.ts";
import { unwritableFolder } from "../files.ts";
import { dispatchUpload, type PreparedUpload, type UploadHooks } from "./dispatch-upload.ts";
import { PartFile, sealedName } from "./sealed-file.ts";
import { type Session, userOf } from "./session.ts";
import { examine, type Source } from "./source.ts";
import { takeHeader } from "./spare-header.ts";

export interface Uploaded {
  readonly receipt: Receipt;
  /** Absolute path of the sealed image. */
  readonly savedAs: string;
}

/**
 * Errors: what is wrong with the file; what the servers refused; NO_SERVER, NO_QUORUM, OUTCOME_UNKNOWN; INTERRUPTED.
 * SEALED_NOT_SAVED: it is stored, and only its sealed file is not here.
 */
export const uploadImage = async (
  session: Session,
  keys: KeyPair,
  source: Source,
  folder: string,
  hooks: UploadHooks,
): Promise<Result<Uploaded>> => {
  // What comes back must have a place before anything is stored.
  const unwritable = unwritableFolder(folder);
  if (unwritable !== null) return bad(unwritable);
  const prepared = await prepare(session, keys, source);
  if (!prepared.ok) return prepared;
  const sealed = new PartFile(join(folder, sealedName(source.name, prepared.value.id)));
  const stored = await dispatchUpload(session, source, prepared.value, sealed, hooks);
  if (!stored.ok) {
    await sealed.discard();
    return stored;
  }
  const { receipt, unsaved } = stored.value;
  const saved = unsaved === null ? await sealed.finish(receipt.id, receipt.payloadHash) : bad(unsaved);
  if (saved.ok) return good({ receipt, savedAs: saved.value });
  await sealed.discard();
  return bad(fault("SEALED_NOT_SAVED", { id: receipt.id, reason: wordFault(saved.fault).what }));
};

const prepare = async (session: Session, keys: KeyPair, source: Source): Promise<Result<PreparedUpload>> => {
  const examined = await examine(source, session.config, session.signal);
  if (!examined.ok) return examined;
  const { recoveryRecipient } = session.config.images;
  const recipients = recoveryRecipient === null ? [keys.recipient] : [keys.recipient, recoveryRecipient];
  const wrapped = takeHeader(keys, recipients);
  if (!wrapped.ok) return wrapped;
  const { sha256, picture } = examined.value;
  const { fileKey, header } = wrapped.value;
  return good({
    kind: "upload",
    id: imageIdOf(session.clock.wall(), fileKey, sha256, userOf(session)),
    name: source.name,
    bytes: source.bytes,
    type: picture.type,
    sha256,
    fileKey,
    header,
    fingerprint: fingerprint(keys.identity, sha256),
  });
};
