/**
 * `view ID`: the picture, in the terminal. One as large as there is room for, several as a contact sheet.
 *
 * The thumbnail comes with the record and is enough for most windows; the image itself is fetched, and opened in
 * memory, only when more can be shown than the thumbnail has.
 */
import type { Client } from "../../core/io/client/client.ts";
import { type Png, pixelsOf, pngOf, type Raw } from "../../core/io/pixels.ts";
import {
  bad,
  type ExitCode,
  exitCodeOf,
  type Fault,
  FaultError,
  fault,
  good,
  type Result,
  sayBytes,
  wordFault,
} from "../../core/model/faults.ts";
import { shortId } from "../../core/model/ids.ts";
import type { ImageRecord } from "../../core/model/records.ts";
import { contactSheet, sheetFor, type Tile } from "../../ui/pictures/contact-sheet.ts";
import { cellsOf, graphicsPixelsIn, graphicsText } from "../../ui/pictures/graphics.ts";
import { halfBlocks, pixelsIn, type Size } from "../../ui/pictures/half-blocks.ts";
import { exitCodeOfAll } from "../output.ts";
import type { Screen } from "./screen.ts";
import type { Talk } from "./talk.ts";

/** A line for the caption and one for what is typed next. */
const otherRows = 2;

export const view = async (
  client: Client,
  talk: Talk,
  ids: readonly string[],
  pixelsMax: number,
): Promise<ExitCode> => {
  const { screen } = talk;
  if (talk.json || screen === null) throw new FaultError(nothingToDrawOn);
  const gallery: Gallery = { client, pixelsMax };
  return ids.length === 1
    ? viewOne(gallery, talk, screen, ids[0] ?? "")
    : viewSheet(gallery, talk, screen, ids);
};

const nothingToDrawOn = fault("USAGE", {
  message: "view draws pictures, and there is no terminal here to draw on",
  hint: "save it instead: get ID",
});

interface Gallery {
  readonly client: Client;
  readonly pixelsMax: number;
}

const viewOne = async (gallery: Gallery, talk: Talk, screen: Screen, part: string): Promise<ExitCode> => {
  const found = await find(gallery, part);
  if (!found.ok) return failed(talk, part, found.fault);
  const { record } = found.value;
  const cells = { columns: screen.columns, rows: Math.max(1, screen.rows - otherRows) };
  const text = await (screen.graphics === null
    ? blocks(gallery, found.value, cells, screen)
    : graphics(gallery, found.value, cells, screen.graphics));
  if (!text.ok) return failed(talk, record.facts.id, text.fault);
  talk.progress.clear();
  screen.write(text.value);
  talk.item({}, captionOf(record, gallery.client.user));
  return 0;
};

type Cells = Pick<Screen, "columns" | "rows">;

const blocks = async (
  gallery: Gallery,
  seen: Seen,
  cells: Cells,
  { depth }: Screen,
): Promise<Result<string>> => {
  const pixels = await decode(gallery, seen, pixelsIn(cells), pixelsOf);
  return pixels.ok ? good(`${halfBlocks(pixels.value, depth).join("\n")}\n`) : pixels;
};

const graphics = async (
  gallery: Gallery,
  seen: Seen,
  cells: Cells,
  language: NonNullable<Screen["graphics"]>,
): Promise<Result<string>> => {
  const picture = await decode(gallery, seen, graphicsPixelsIn(cells), pngOf);
  if (!picture.ok) return picture;
  const png = Buffer.from(picture.value.png).toString("base64");
  return good(`${graphicsText(language, png, cellsOf(picture.value))}\n`);
};

const viewSheet = async (
  gallery: Gallery,
  talk: Talk,
  screen: Screen,
  parts: readonly string[],
): Promise<ExitCode> => {
  const sheet = sheetFor(parts.length, screen.columns);
  const faults: (Fault | null)[] = [];
  const tiles: Tile[] = [];
  for (const part of parts) {
    const found = await find(gallery, part);
    const pixels = found.ok ? await decode(gallery, found.value, pixelsIn(sheet), pixelsOf) : found;
    const caption = found.ok ? shortCaptionOf(found.value.record) : part;
    if (!pixels.ok && pixels.fault.code === "INTERRUPTED") return exitCodeOf(pixels.fault);
    faults.push(pixels.ok ? null : pixels.fault);
    tiles.push({
      picture: pixels.ok
        ? { lines: halfBlocks(pixels.value, screen.depth), columns: pixels.value.width }
        : wordFault(pixels.fault).what,
      caption,
    });
  }
  talk.progress.clear();
  screen.write(`${contactSheet(tiles, sheet).join("\n")}\n`);
  for (const [at, problem] of faults.entries())
    if (problem !== null) talk.failure({ id: parts[at] }, problem);
  return exitCodeOfAll(faults);
};

interface Seen {
  readonly record: ImageRecord;
  readonly thumbnail: Uint8Array | null;
}

const find = async ({ client }: Gallery, part: string): Promise<Result<Seen>> => {
  const found = await client.find(part);
  if (!found.ok) return found;
  const described = await client.describe(found.value);
  if (!described.ok) return described;
  const { record } = described.value;
  const thumbnail = await client.thumbnail(record);
  return thumbnail.ok ? good({ record, thumbnail: thumbnail.value }) : thumbnail;
};

type Decode<Value> = (file: Uint8Array, box: Size, pixelsMax: number, name: string) => Promise<Result<Value>>;

/** The picture in the box: from the thumbnail when that fills it, or when the image is no larger. */
const decode = async <Value extends Raw | Png>(
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

const captionOf = ({ facts }: ImageRecord, user: string): string => {
  const size = facts.width === 0 ? [] : [`${facts.width}x${facts.height}`];
  const from = facts.owner === user ? [] : [`from ${facts.owner}`];
  return [shortId(facts.id), ...size, sayBytes(facts.bytes), facts.name, ...from].join("  ");
};

const shortCaptionOf = ({ facts }: ImageRecord): string => `${shortId(facts.id)}  ${facts.name}`;

const failed = (talk: Talk, id: string, problem: Fault): ExitCode => {
  if (problem.code !== "INTERRUPTED") talk.failure({ id }, problem);
  return exitCodeOf(problem);
};
