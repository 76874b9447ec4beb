/**
 * The client's pane: its newest lines, a bar for each upload, and the prompt at the bottom.
 */
import { promptOf } from "../model/client.ts";
import { cutText, dim, displayWidth, type Line, type Piece, plain } from "../model/line.ts";
import type { ConsoleModel } from "../model/model.ts";
import type { PaneContent } from "./pane.ts";
import { transferLine } from "./transfers.ts";

/** `width` and `rows` are inside the borders. */
export const clientPane = (model: ConsoleModel, width: number, rows: number): PaneContent => {
  const { client } = model;
  const last = [
    ...client.transfers.map((transfer) => transferLine(transfer, width)),
    ...promptLines(model, width),
  ];
  const bottom = last.slice(-rows);
  const shown = client.output.slice(0, client.output.length - client.below);
  return { title: titleOf(model), lines: [...lastRows(shown, width, rows - bottom.length), ...bottom] };
};

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

/** The newest of `lines` that fit, a blank at each side, long ones over several rows. */
const lastRows = (lines: readonly Line[], width: number, rows: number): readonly Line[] => {
  const kept: Line[] = [];
  for (let index = lines.length - 1; index >= 0 && kept.length < rows; index--)
    kept.unshift(...wrapped(lines[index] ?? [], width - 2).map((line) => [plain(" "), ...line]));
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
