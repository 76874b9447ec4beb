/** How large what is, in bytes. */

/** Up to here a payload waits in memory for its batch; and so much goes to the disk in one write. */
export const smallPayloadBytesMax = 262_144;
/** The first segment of a store is this small; each next one is as large as all before it. */
export const firstSegmentBytes = 4_194_304;
const sharedPayloadBytesMax = 4_194_304;
const logReserveBytesMax = 262_144;

/** A payload larger than this, or than a quarter of a segment, has a file of its own. */
export const sharedBytesMax = (segmentBytes: number): number =>
  Math.min(sharedPayloadBytesMax, segmentBytes / 4);

/** What payloads leave of the last segment that there is room for, so that they can still be deleted: up to a sixteenth. */
export const logReserveBytes = (segmentBytes: number): number =>
  Math.min(logReserveBytesMax, segmentBytes / 16);
