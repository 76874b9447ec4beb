/**
 * The client's pane: its newest lines and pictures, what was just uploaded, a bar for each upload, and the prompt at
 * the bottom.
 */
import { type ClientPane, pictureAbove, promptOf } from "../model/client.ts";
import { cutText, dim, displayWidth, type Line, type Piece, plain } from "../model/line.ts";
import type { ConsoleModel } from "../model/model.ts";
import { pictureLines, stripLines } from "../pictures/picture-lines.ts";
import type { Depth } from "../theme.ts";
import type { PaneContent } from "./pane.ts";
import { transferLine } from "./transfers.ts";

/** `width` and `rows` are inside the borders. */
export const clientPane = (model: ConsoleModel, width: number, rows: number, depth: Depth): PaneContent => {
  const { client } = model;
  const last = [
    ...previewLines(client, width, rows, depth),
    ...client.transfers.map((transfer) => transferLine(transfer, width)),
    ...promptLines(model, width),
  ];
  const bottom = last.slice(-rows);
  // A picture keeps its size while bars come and go.
  const rowsOf = (line: Line): readonly Line[] => entryRows(client, line, width - 2, rows - 1, depth);
  const shown = client.output.slice(0, client.output.length - client.below);
  return { title: titleOf(model), lines: [...lastRows(shown, rows - bottom.length, rowsOf), ...bottom] };
};

/** Of the pane's rows they get at most this part, and never so many that no line is left to read. */
const previewShare = 0.46;
const previewRowsMin = 4;
const previewRowsMax = 10;
const linesMin = 1;

const previewLines = (client: ClientPane, width: number, rows: number, depth: Depth): readonly Line[] => {
  if (client.previews.length === 0) return [];
  const free = rows - client.transfers.length - 1 - linesMin;
  const wanted = Math.max(previewRowsMin, Math.floor(rows * previewShare));
  const strip = Math.min(wanted, free, previewRowsMax);
  return strip < previewRowsMin
    ? []
    : indented(stripLines(client.previews, { columns: width - 2, rows: strip }, depth));
};

const indented = (lines: readonly Line[]): readonly Line[] => lines.map((line) => [plain(" "), ...line]);

const titleOf = ({ client }: ConsoleModel): Line => {
  if (client.user === null) return [];
  return [
    plain(client.user),
    ...(client.running ? [dim(" · "), { text: "^C stops it", tone: "warn" as const }] : []),
    ...(client.below > 0
      ? [
          dim(" · "),
          {
            text: `${client.below} below: ${client.typing ? "PgDn" : "G"}`,
            tone: "warn" as const,
          },
        ]
      : []),
  ];
};

/** A line over several rows when it is long, and above it its picture, together at most `rowsMax`. */
const entryRows = (
  client: ClientPane,
  line: Line,
  width: number,
  rowsMax: number,
  depth: Depth,
): readonly Line[] => {
  const words = wrapped(line, width);
  const picture = pictureAbove(client, line);
  if (picture === null) return words;
  const cells = { columns: width, rows: Math.max(0, rowsMax - words.length) };
  return [...pictureLines(picture, cells, depth), ...words];
};

/** The newest of `lines` that fit, a blank at each side. */
const lastRows = (
  lines: readonly Line[],
  rows: number,
  rowsOf: (line: Line) => readonly Line[],
): readonly Line[] => {
  const kept: Line[] = [];
  for (let index = lines.length - 1; index >= 0 && kept.length < rows; index--)
    kept.unshift(...indented(rowsOf(lines[index] ?? [])));
  return kept.slice(Math.max(0, kept.length - rows));
};

/** `line` over as many rows of `width` cells as it takes; between words where one ends not too far back. */
export const wrapped = (line: Line, width: number): readonly Line[] => {
  const rows: Piece[][] = [[]];
  let left = width;
  for (const piece of line) {
    let text = piece.text;
    while (text !== "") {
      const fits = atBlank(cutText(text, left), text, left === width);
      if (fits !== "") rows.at(-1)?.push({ ...piece, text: fits });
      text = text.slice(fits.length);
      left -= displayWidth(fits);
      if (text === "") break;
      // A character wider than the whole row would never fit.
      if (fits === "" && left === width) break;
      rows.push([]);
      left = width;
    }
  }
  return rows;
};

/** The beginning of `text` that fits, up to its last blank unless that would leave half a row empty. */
const atBlank = (fits: string, text: string, wholeRow: boolean): string => {
  if (fits === text) return fits;
  const blank = fits.lastIndexOf(" ") + 1;
  return blank > (wholeRow ? fits.length / 2 : 0) ? fits.slice(0, blank) : fits;
};

/** The part of the line around the cursor; it shows where keys go only while they go there. */
const promptLines = ({ client }: ConsoleModel, width: number): readonly Line[] => {
  if (!client.ready && client.typing) return [[dim(" the client is loading; what you type waits for it")]];
  if (client.user === null) return [];
  const prompt = ` ${promptOf(client)}`;
  if (!client.typing && client.field.text === "") return [[dim(`${prompt}3 to type here`)]];
  const room = width - displayWidth(prompt) - 1;
  const { text, cursor } = client.field;
  const ahead = cutText(text.slice(cursor), Math.floor(room / 3));
  const before = lastCells(text.slice(0, cursor), Math.max(0, room - displayWidth(ahead)));
  const after = cutText(text.slice(cursor), Math.max(0, room - displayWidth(before)));
  const mark: Line = client.typing ? [{ text: "▏", tone: "accent" }] : [];
  return [[client.typing ? { text: prompt, bold: true } : dim(prompt), plain(before), ...mark, plain(after)]];
};

/** The end of `text`, because that is where one types. */
export const lastCells = (text: string, cells: number): string => {
  let shown = text;
  while (shown !== "" && displayWidth(shown) > cells) shown = [...shown].slice(1).join("");
  return shown;
};
