/**
 * Walking over a whole segment: every extent that is there, whatever is broken between.
 *
 * A crash leaves holes: an upload that was half written, with a later one, acknowledged, behind it. So nothing
 * ends the walk. Where no extent begins it looks at the next block, and the next, to the end of the file.
 */
import type { DiskFile, SegmentId } from "../ports.ts";
import {
  blockBytes,
  decodeEntries,
  decodeExtentHead,
  extentHeadBytes,
  type FoundEntry,
  type LogHead,
  nextBlock,
  type PayloadHead,
} from "./segment-format.ts";

export type FoundExtent =
  | { readonly head: PayloadHead }
  /** `entries` is null where the batch is not whole. */
  | { readonly head: LogHead; readonly entries: readonly FoundEntry[] | null };

/** What is read at a time: some log batches and many heads, or one payload's head. */
const windowBytesMin = 65_536;
/** Where nothing begins, as in the free rest of a segment, more is read at a time. */
const windowBytesMax = 1_048_576;
/** The entries of a batch never take more (`store.ts` cuts them): what says so is garbage. */
export const logBytesMax = 8_388_608;

/** The extents of `file` in order, from the one at `from` on. Rejects with DISK_FAILED when it cannot be read. */
export async function* walkSegment(
  file: DiskFile,
  segment: SegmentId,
  from: number = blockBytes,
): AsyncGenerator<FoundExtent> {
  let window: Uint8Array = new Uint8Array(0);
  let windowAt = 0;
  let windowBytes = windowBytesMin;
  let at = from;
  while (at + extentHeadBytes <= file.bytes) {
    if (at < windowAt || at + extentHeadBytes > windowAt + window.length) {
      windowAt = at;
      window = await file.read(at, windowBytes);
      windowBytes = Math.min(windowBytesMax, windowBytes * 2);
      if (window.length < extentHeadBytes) return;
    }
    const head = decodeExtentHead(window.subarray(at - windowAt), segment, at);
    const end = head === null ? 0 : at + extentHeadBytes + head.bytes;
    if (head === null || (head.kind === "log" && head.bytes > logBytesMax)) {
      at += blockBytes;
      continue;
    }
    windowBytes = windowBytesMin;
    if (head.kind === "payload") {
      yield { head };
    } else {
      const bodyAt = at + extentHeadBytes - windowAt;
      const body =
        bodyAt + head.bytes <= window.length
          ? window.subarray(bodyAt, bodyAt + head.bytes)
          : await file.read(at + extentHeadBytes, head.bytes);
      yield { head, entries: body.length < head.bytes ? null : decodeEntries(body, head.entries) };
    }
    at = nextBlock(end);
  }
}
