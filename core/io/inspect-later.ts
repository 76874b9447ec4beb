/**
 * Decoding beside everything else: is the picture whole, and what does it look like when small?
 *
 * It starts when the image is safe and its result is a change of the record, spread by the feed. A damaged
 * picture stays: it may be the only copy. The thumbnail is sealed under the image's own file key, which is
 * wiped when that is done.
 */
import { type ImageRecord, nextStamp } from "../model/records.ts";
import { nonceBytes, sealWhole } from "../seal/payload.ts";
import type { Room } from "./inspector.ts";
import { type NodeContext, noteDisk, noteThrown } from "./node-context.ts";

/** Begins at once and never fails loudly; `plain` and `fileKey` are not used by the caller any more. */
export const inspectLater = (
  context: NodeContext,
  record: ImageRecord,
  plain: readonly Uint8Array[],
  fileKey: Uint8Array,
  room: Room,
): void => {
  const end = context.underWay.begin([record.facts.id]);
  void inspect(context, record, plain, fileKey)
    .catch((error: unknown) => noteThrown(context, error))
    .finally(() => {
      end();
      room.release();
      fileKey.fill(0);
    });
};

const inspect = async (
  context: NodeContext,
  record: ImageRecord,
  plain: readonly Uint8Array[],
  fileKey: Uint8Array,
): Promise<void> => {
  const startedAt = context.clock.monotonic();
  const { id } = record.facts;
  const { verdict, thumbnail } = await context.inspector.inspect(plain, context.config.limits.imagePixelsMax);
  const sealed = thumbnail === null ? null : sealWhole(fileKey, context.randomBytes(nonceBytes), thumbnail);
  const holding = await context.store.get(id);
  const known = holding?.record ?? record;
  // Purged meanwhile: nobody wants to know any more.
  if (known.kind === "tombstone") return;
  const stamp = nextStamp(known.inspection.stamp, context.clock.wall(), context.self);
  const inspection = { stamp, value: { verdict, thumbnail: sealed } };
  const merged = await context.store.merge([context.settlements.applyTo({ ...known, inspection })]);
  if (!merged.ok) {
    noteDisk(context, merged.fault);
    return;
  }
  context.log({ kind: "image.inspected", image: id, verdict, ms: context.clock.monotonic() - startedAt });
};
