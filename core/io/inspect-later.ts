/**
 * Decoding beside everything else: is the picture whole, and what does it look like when small?
 *
 * It waits for its turn when the image is safe. Then the picture is read back from this disk and opened with its file
 * key, so what is looked at is what was stored. The result is a change of the record, spread by the feed. A damaged
 * picture stays: it may be the only copy. The thumbnail is sealed under the image's own file key, which is wiped when
 * that is done, or will not be.
 */
import assert from "node:assert/strict";
import { FaultError } from "../model/faults.ts";
import { giveBack } from "../model/memory.ts";
import { type ImageRecord, nextStamp } from "../model/records.ts";
import type { MonotonicMs } from "../model/units.ts";
import type { Inspected } from "../ports.ts";
import { createOpener, nonceBytes, type Opened, sealWhole } from "../seal/payload.ts";
import { allocateUnset } from "./bytes.ts";
import { type NodeContext, noteDisk, noteThrown } from "./node-context.ts";

/** Takes its turn and never fails loudly; `fileKey` is not used by the caller any more. */
export const inspectLater = (context: NodeContext, record: ImageRecord, fileKey: Uint8Array): void => {
  const startedAt = context.clock.monotonic();
  // Its record would bring the image back, should it be purged and forgotten meanwhile.
  const end = context.underWay.begin([record.facts.id]);
  context.inspector.inspect({
    bytes: record.facts.bytes,
    pixelsMax: context.config.limits.imagePixelsMax,
    read: () => readBack(context, record, fileKey),
    tell: async (inspected) => {
      try {
        await noteInspected(context, record, fileKey, inspected, startedAt);
      } catch (error) {
        noteThrown(context, error);
      } finally {
        end();
        fileKey.fill(0);
      }
    },
  });
};

/** The plain picture, in one piece, because that is how decoders want it; null when this disk does not have it. */
const readBack = async (
  context: NodeContext,
  { facts: { id, bytes } }: ImageRecord,
  fileKey: Uint8Array,
): Promise<Uint8Array | null> => {
  try {
    const sealed = await context.store.read(id);
    if (!sealed.ok) {
      noteDisk(context, sealed.fault);
      return null;
    }
    const plain = allocateUnset(bytes);
    let at = 0;
    const pushed: Uint8Array[] = [];
    const take = (opened: Opened): void => {
      if (opened.fault !== null) throw new FaultError(opened.fault);
      for (const piece of opened.plain) {
        plain.set(piece, at);
        at += piece.length;
        giveBack(piece);
      }
    };
    const opener = createOpener({ fileKey, id });
    for await (const chunk of sealed.value) {
      const opened = opener.push(chunk);
      // What was pushed before was less than a chunk; now it is part of one.
      if (opened.plain.length > 0) for (const used of pushed.splice(0)) giveBack(used);
      pushed.push(chunk);
      take(opened);
    }
    take(opener.finish());
    assert.equal(at, bytes);
    return plain;
  } catch (error) {
    noteThrown(context, error);
    return null;
  }
};

const noteInspected = async (
  context: NodeContext,
  record: ImageRecord,
  fileKey: Uint8Array,
  { verdict, thumbnail }: Inspected,
  startedAt: MonotonicMs,
): Promise<void> => {
  const { id } = record.facts;
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
