/**
 * The lines below the panes: warnings, worst first, and the keys that work where one is.
 */

import { footerBindings, keyName } from "../model/keys.ts";
import {
  cutText,
  dim,
  displayWidth,
  fitLine,
  type Line,
  lineWidth,
  type Piece,
  plain,
} from "../model/line.ts";
import { type ConsoleModel, currentRoom, liveNotices } from "../model/model.ts";
import type { Notice } from "../model/notices.ts";
import { lastCells } from "./client.ts";

const marks: Readonly<Record<Notice["tone"], string>> = { good: "●", warn: "▲", bad: "⚠" };

/** Exactly `rows` lines; what does not fit is counted. */
export const noticeLines = (model: ConsoleModel, rows: number): readonly Line[] => {
  const notices = liveNotices(model);
  return notices.slice(0, rows).map((notice, index) => {
    const more = index === rows - 1 ? notices.length - rows : 0;
    return noticeLine(notice, more, model.size.columns);
  });
};

/** The sentence gives way to the command: that is what one needs. */
const noticeLine = (notice: Notice, more: number, width: number): Line => {
  const tail: Line = [
    ...(more > 0 ? [dim(` (+${more})`)] : []),
    ...(notice.command === null ? [] : [plain(" — "), { text: notice.command, bold: true }]),
  ];
  const head = ` ${marks[notice.tone]} `;
  const room = Math.max(0, width - displayWidth(head) - lineWidth(tail) - 1);
  const whole = displayWidth(notice.text) <= room;
  const text = whole ? notice.text : `${cutText(notice.text, room - 1)}…`;
  return fitLine([{ text: head + text, tone: notice.tone }, ...tail], width);
};

export const footerLine = (model: ConsoleModel): Line => {
  const { columns } = model.size;
  const keys = keyLine(model, model.typing === null ? columns : Math.min(columns, fieldKeysCells));
  if (model.typing === null) return fitLine(keys, columns);
  const room = columns - lineWidth(keys) - displayWidth(" filter: ▏  ");
  const shown = lastCells(model.typing, room);
  return fitLine(
    [plain(" filter: "), { text: shown, bold: true }, { text: "▏", tone: "accent" }, plain("  "), ...keys],
    columns,
  );
};

const fieldKeysCells = 40;

/** Help and quit always stay; of the others as many as fit, in the table's order. */
const keyLine = (model: ConsoleModel, width: number): Line => {
  const all = footerBindings(currentRoom(model));
  const always = all.filter((binding) => binding.action === "help" || binding.action === "quit");
  const shown = all.filter((binding) => !always.includes(binding));
  const lineOf = (count: number): Line =>
    [...shown.slice(0, count), ...always].flatMap((binding, index): readonly Piece[] => [
      index === 0 ? plain(" ") : dim(" · "),
      { text: binding.keys.slice(0, 1).map(keyName).join(""), bold: true },
      dim(` ${binding.short ?? ""}`),
    ]);
  let count = shown.length;
  while (count > 0 && lineWidth(lineOf(count)) > width) count -= 1;
  return lineOf(count);
};
