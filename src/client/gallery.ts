/**
 * Images as pictures to look at: found, opened with the user's key in this process, decoded to fit.
 *
 * The thumbnail comes with the record and is enough for most windows; the image itself is fetched, and opened in
 * memory, only when more can be shown than the thumbnail has.
 */
import type { Client } from "../../core/io/client/client.ts";
import { type Png, pixelsOf, type Raw } from "../../core/io/pixels.ts";
import { bad, type Fault, good, type Result, sayBytes, wordFault } from "../../core/model/faults.ts";
import { shortId } from "../../core/model/ids.ts";
import type { ImageRecord } from "../../core/model/records.ts";
import type { PictureTile } from "../../ui/model/picture.ts";
import type { Size } from "../../ui/pictures/half-blocks.ts";

export interface Gallery {
  readonly client: Client;
  /** A picture of more is not decoded. */
  readonly pixelsMax: number;
}

export interface Seen {
  readonly record: ImageRecord;
  readonly thumbnail: Uint8Array | null;
}

/** Errors: IMAGE_NOT_FOUND, IMAGE_AMBIGUOUS, SEAL_BROKEN. */
export const findSeen = async ({ client }: Gallery, part: string): Promise<Result<Seen>> => {
  const found = await client.find(part);
  if (!found.ok) return found;
  const described = await client.describe(found.value);
  return described.ok ? seenOf(client, described.value.record) : described;
};

export const seenOf = async (client: Client, record: ImageRecord): Promise<Result<Seen>> => {
  const thumbnail = await client.thumbnail(record);
  return thumbnail.ok ? good({ record, thumbnail: thumbnail.value }) : thumbnail;
};

type Decode<Value> = (file: Uint8Array, box: Size, pixelsMax: number, name: string) => Promise<Result<Value>>;

/** The picture in the box: from the thumbnail when that fills it, or when the image is no larger. */
export const decodeSeen = async <Value extends Raw | Png>(
  { client, pixelsMax }: Gallery,
  { record, thumbnail }: Seen,
  box: Size,
  into: Decode<Value>,
): Promise<Result<Value>> => {
  const { id, name, width, height } = record.facts;
  if (thumbnail !== null) {
    const small = await into(thumbnail, box, pixelsMax, name);
    if (small.ok && (fills(small.value, box) || longer({ width, height }) <= longer(small.value)))
      return small;
  }
  const whole = await client.open(id);
  return whole.ok ? into(whole.value, box, pixelsMax, name) : bad(whole.fault);
};

const fills = (size: Size, box: Size): boolean => size.width >= box.width || size.height >= box.height;
/** Of the two sides; an image lying on its side has the same. Unknown ones (0) are longer than all. */
const longer = ({ width, height }: Size): number => Math.max(width, height) || Number.POSITIVE_INFINITY;

export interface Tiled {
  readonly tile: PictureTile;
  readonly fault: Fault | null;
}

/** One field of a sheet; `caption` is for what could not be found. */
export const tileOf = async (
  gallery: Gallery,
  found: Result<Seen>,
  box: Size,
  caption: string,
): Promise<Tiled> => {
  const pixels = found.ok ? await decodeSeen(gallery, found.value, box, pixelsOf) : found;
  return {
    tile: {
      pixels: pixels.ok ? pixels.value : wordFault(pixels.fault).what,
      caption: found.ok ? shortCaptionOf(found.value.record) : caption,
    },
    fault: pixels.ok ? null : pixels.fault,
  };
};

export const captionOf = ({ facts }: ImageRecord, user: string): string => {
  const size = facts.width === 0 ? [] : [`${facts.width}x${facts.height}`];
  const from = facts.owner === user ? [] : [`from ${facts.owner}`];
  return [shortId(facts.id), ...size, sayBytes(facts.bytes), facts.name, ...from].join("  ");
};

const shortCaptionOf = ({ facts }: ImageRecord): string => `${shortId(facts.id)}  ${facts.name}`;
