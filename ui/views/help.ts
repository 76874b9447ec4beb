/** The tables of keys and commands as a page to read. */
import { commandHelp } from "../model/commands.ts";
import { keySections } from "../model/keys.ts";
import { dim, type Line, plain } from "../model/line.ts";
import type { PaneContent } from "./pane.ts";

const keyCells = 14;

/** From line `from`; `rows` is inside the borders. */
export const helpPane = (from: number, rows: number): PaneContent => {
  const below = helpText.length - from - rows;
  return {
    title: [dim(below > 0 ? `${below} more lines: j` : "all of them")],
    lines: helpText.slice(from, from + rows),
  };
};

export const helpText: readonly Line[] = [...keySections, commandHelp].flatMap(
  (section, index): readonly Line[] => [
    ...(index === 0 ? [] : [[]]),
    [{ text: ` ${section.title}`, bold: true, tone: "accent" }],
    ...section.rows.map(
      (row): Line => [{ text: `  ${row.keys.join(" ").padEnd(keyCells)}`, bold: true }, plain(row.says)],
    ),
  ],
);
