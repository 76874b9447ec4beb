/** The key table as a page to read. */
import { keySections } from "../model/keys.ts";
import { dim, type Line, plain } from "../model/line.ts";
import type { ConsoleModel } from "../model/model.ts";
import type { PaneContent } from "./pane.tsx";

const keyCells = 14;

/** `rows` is inside the borders. */
export const helpPane = (model: ConsoleModel, rows: number): PaneContent => {
  const from = model.help ?? 0;
  const below = helpText.length - from - rows;
  return {
    title: [dim(below > 0 ? `${below} more lines: j` : "all of them")],
    lines: helpText.slice(from, from + rows),
  };
};

const helpText: readonly Line[] = keySections.flatMap((section, index): readonly Line[] => [
  ...(index === 0 ? [] : [[]]),
  [{ text: ` ${section.title}`, bold: true, tone: "accent" }],
  ...section.rows.map(
    (row): Line => [{ text: `   ${row.keys.join(" ").padEnd(keyCells)}`, bold: true }, plain(row.says)],
  ),
]);
