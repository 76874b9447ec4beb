/**
 * JPEG (ITU-T T.81, Annex B): a chain of segments, each with its length, until the frame header that says the
 * size. Cameras put previews and color profiles of many kB before it, so the chain is walked.
 */
import type { Sniff } from "./answer.ts";
import { beyond, type Head, image, notAnImage, u8, u16be } from "./head.ts";

/** Each turn goes forward by at least one byte, so the head bounds the walk. */
export const sniffJpeg = (head: Head): Sniff => {
  const { bytes } = head;
  let at = 2;
  while (at + segmentHeadBytes <= bytes.length) {
    if (bytes[at] !== 0xff) return notAnImage;
    const marker = u8(bytes, at + 1);
    if (marker === 0xff) {
      // Fill bytes may stand before a marker (B.1.1.2).
      at += 1;
    } else if (standsAlone(marker)) {
      at += 2;
    } else if (isFrameHeader(marker)) {
      if (at + frameHeadBytes > bytes.length) return beyond(head, at + frameHeadBytes, "image/jpeg");
      // Height, then width. A height of 0 is said behind the first scan (B.2.5): unknown here.
      return image("image/jpeg", u16be(bytes, at + 7), u16be(bytes, at + 5));
    } else if (marker === startOfScan || marker === endOfImage || u16be(bytes, at + 2) < 2) {
      return notAnImage;
    } else {
      at += 2 + u16be(bytes, at + 2);
    }
  }
  return beyond(head, at + frameHeadBytes, "image/jpeg");
};

const startOfScan = 0xda;
const endOfImage = 0xd9;
/** Marker and length. */
const segmentHeadBytes = 4;
/** Marker, length, precision, height, width. */
const frameHeadBytes = 9;

/** SOF0 to SOF15; three of the codes in between mean something else. */
const isFrameHeader = (marker: number): boolean =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** TEM and restart markers have no length. */
const standsAlone = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
