/** Long messages in a narrow window: the rows after the first hang behind its beginning. */
import { displayWidth } from "../ui/model/line.ts";

/** `text` in rows of at most `width` cells, all but the first behind `indent` blanks. A longer word stays whole. */
export const hanging = (text: string, indent: number, width: number): readonly string[] => {
  const rows: string[] = [];
  let row = "";
  for (const [at, word] of text.split(" ").entries()) {
    if (at > 0 && displayWidth(row) + 1 + displayWidth(word) > width) {
      rows.push(row);
      row = " ".repeat(indent) + word;
    } else row = at === 0 ? word : `${row} ${word}`;
  }
  return [...rows, row];
};
