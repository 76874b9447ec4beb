/**
 * TIFF (TIFF 6.0, §2) and BigTIFF: the header points to a directory, whose entries say the size. The directory
 * may stand at the end of the file; then the size is unknown here.
 */
import type { Sniff } from "./answer.ts";
import {
  beyond,
  type Head,
  image,
  notAnImage,
  startsWith,
  u16be,
  u16le,
  u32be,
  u32le,
  u64be,
  u64le,
} from "./head.ts";

export const sniffTiff = (head: Head): Sniff => {
  const { bytes } = head;
  if (startsWith(bytes, 8, "CR\x02")) return { kind: "refused", type: "a camera's raw file (CR2)" };
  const layout = layoutOf(bytes);
  if (bytes.length < 16) return beyond(head, 16, "image/tiff");
  const directory = layout.offset(bytes, layout.offsetAt);
  if (directory < 8) return notAnImage;
  const entriesAt = directory + layout.countBytes;
  if (entriesAt > bytes.length) return beyond(head, entriesAt, "image/tiff");
  const entries = Math.min(layout.count(bytes, directory), entriesMax);
  const end = entriesAt + entries * layout.entryBytes;
  if (end > bytes.length) return beyond(head, end, "image/tiff");

  let width = 0;
  let height = 0;
  for (let at = entriesAt; at < end; at += layout.entryBytes) {
    const tag = layout.u16(bytes, at);
    if (tag === imageWidth) width = entryValue(bytes, at, layout);
    if (tag === imageLength) height = entryValue(bytes, at, layout);
  }
  return width >= 1 && height >= 1 ? image("image/tiff", width, height) : notAnImage;
};

const imageWidth = 256;
const imageLength = 257;
/** Entries are sorted by tag, and only a few tags are below ImageLength; more are looked at for careless writers. */
const entriesMax = 64;

/** Where things stand, and in which byte order. */
interface Layout {
  readonly offsetAt: number;
  readonly countBytes: number;
  readonly entryBytes: number;
  readonly valueAt: number;
  readonly u16: Read;
  readonly u32: Read;
  readonly count: Read;
  readonly offset: Read;
}
type Read = (bytes: Uint8Array, at: number) => number;

const layoutOf = (bytes: Uint8Array): Layout => {
  const little = startsWith(bytes, 0, "II");
  const big = (little ? bytes[2] : bytes[3]) === 43;
  const u16 = little ? u16le : u16be;
  const u32 = little ? u32le : u32be;
  const u64 = little ? u64le : u64be;
  return big
    ? { offsetAt: 8, countBytes: 8, entryBytes: 20, valueAt: 12, u16, u32, count: u64, offset: u64 }
    : { offsetAt: 4, countBytes: 2, entryBytes: 12, valueAt: 8, u16, u32, count: u16, offset: u32 };
};

/** A single SHORT, LONG or LONG8; 0 for anything else. */
const entryValue = (bytes: Uint8Array, entryAt: number, layout: Layout): number => {
  const at = entryAt + layout.valueAt;
  switch (layout.u16(bytes, entryAt + 2)) {
    case 3:
      return layout.u16(bytes, at);
    case 4:
      return layout.u32(bytes, at);
    case 16:
      return layout.offset(bytes, at);
    default:
      return 0;
  }
};
