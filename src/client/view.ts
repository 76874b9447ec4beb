/**
 * `view ID`: the picture, in the terminal or in the console's pane. One as large as there is room for, several as a
 * contact sheet.
 */
import type { Client } from "../../core/io/client/client.ts";
import { pixelsOf, pngOf } from "../../core/io/pixels.ts";
import {
  type ExitCode,
  exitCodeOf,
  type Fault,
  FaultError,
  fault,
  good,
  type Result,
} from "../../core/model/faults.ts";
import type { PictureTile } from "../../ui/model/picture.ts";
import { contactSheet, drawnTile, sheetFor, sheetIn } from "../../ui/pictures/contact-sheet.ts";
import { type Cells, cellsOf, graphicsPixelsIn, graphicsText } from "../../ui/pictures/graphics.ts";
import { type Depth, halfBlocks, pixelsIn } from "../../ui/pictures/half-blocks.ts";
import { pixelLines } from "../../ui/pictures/picture-lines.ts";
import { styled, type Theme } from "../../ui/theme.ts";
import { exitCodeOfAll } from "../output.ts";
import type { Board } from "./board.ts";
import { captionOf, decodeSeen, findSeen, type Gallery, type Seen, type Tiled, tileOf } from "./gallery.ts";
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
  const gallery: Gallery = { client, pixelsMax };
  const [id = "", ...others] = ids;
  if (talk.board !== null)
    return others.length === 0
      ? pinOne(gallery, talk, talk.board, id)
      : pinSheet(gallery, talk, talk.board, ids);
  if (talk.screen === null) throw new FaultError(fault("NO_TERMINAL", {}));
  return others.length === 0
    ? viewOne(gallery, talk, talk.screen, id)
    : viewSheet(gallery, talk, talk.screen, ids);
};

const pinOne = async (gallery: Gallery, talk: Talk, board: Board, part: string): Promise<ExitCode> => {
  const found = await findSeen(gallery, part);
  if (!found.ok) return failed(talk, part, found.fault);
  const { record } = found.value;
  const pixels = await decodeSeen(gallery, found.value, pixelsIn(board), pixelsOf);
  if (!pixels.ok) return failed(talk, record.facts.id, pixels.fault);
  const caption = captionOf(record, gallery.client.user);
  board.pin({ id: record.facts.id, tiles: [{ pixels: pixels.value, caption }], caption });
  return 0;
};

const pinSheet = async (
  gallery: Gallery,
  talk: Talk,
  board: Board,
  parts: readonly string[],
): Promise<ExitCode> => {
  const tiled = await tilesOf(gallery, parts, sheetIn(parts.length, board));
  const stopped = interruptionIn(tiled);
  if (stopped !== null) return exitCodeOf(stopped);
  board.pin({ id: null, tiles: tiled.map(({ tile }) => tile), caption: `${parts.length} pictures` });
  return toldAll(talk, parts, tiled);
};

const viewOne = async (gallery: Gallery, talk: Talk, screen: Screen, part: string): Promise<ExitCode> => {
  const found = await findSeen(gallery, part);
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

const blocks = async (
  gallery: Gallery,
  seen: Seen,
  cells: Cells,
  { depth }: Screen,
): Promise<Result<string>> => {
  const pixels = await decodeSeen(gallery, seen, pixelsIn(cells), pixelsOf);
  return pixels.ok ? good(`${halfBlocks(pixels.value, depth).join("\n")}\n`) : pixels;
};

const graphics = async (
  gallery: Gallery,
  seen: Seen,
  cells: Cells,
  language: NonNullable<Screen["graphics"]>,
): Promise<Result<string>> => {
  const picture = await decodeSeen(gallery, seen, graphicsPixelsIn(cells), pngOf);
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
  const tiled = await tilesOf(gallery, parts, sheet);
  const stopped = interruptionIn(tiled);
  if (stopped !== null) return exitCodeOf(stopped);
  const theme = themes[screen.depth];
  const drawn = ({ pixels, caption }: PictureTile) => ({
    picture: typeof pixels === "string" ? pixels : drawnTile(pixelLines(pixels, theme.depth)),
    caption,
  });
  const lines = contactSheet(
    tiled.map(({ tile }) => drawn(tile)),
    sheet,
  );
  talk.progress.clear();
  screen.write(`${lines.map((line) => styled(theme, line).trimEnd()).join("\n")}\n`);
  return toldAll(talk, parts, tiled);
};

const themes: Readonly<Record<Depth, Theme>> = {
  truecolor: { depth: "full" },
  "256": { depth: "256" },
  plain: { depth: "none" },
};

/** In the order of `parts`; after an interruption no more. */
const tilesOf = async (
  gallery: Gallery,
  parts: readonly string[],
  field: Cells,
): Promise<readonly Tiled[]> => {
  const tiled: Tiled[] = [];
  for (const part of parts) {
    tiled.push(await tileOf(gallery, await findSeen(gallery, part), pixelsIn(field), part));
    if (interruptionIn(tiled) !== null) break;
  }
  return tiled;
};

const interruptionIn = (tiled: readonly Tiled[]): Fault | null =>
  tiled.find(({ fault }) => fault?.code === "INTERRUPTED")?.fault ?? null;

const toldAll = (talk: Talk, parts: readonly string[], tiled: readonly Tiled[]): ExitCode => {
  for (const [at, { fault: problem }] of tiled.entries())
    if (problem !== null) talk.failure({ id: parts[at] }, problem);
  return exitCodeOfAll(tiled.map((each) => each.fault));
};

const failed = (talk: Talk, id: string, problem: Fault): ExitCode => {
  if (problem.code !== "INTERRUPTED") talk.failure({ id }, problem);
  return exitCodeOf(problem);
};
