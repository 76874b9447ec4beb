/**
 * The lines below the panes: warnings, worst first, and the keys that work where one is, or what one types there.
 */

import type { Field } from "../model/field.ts";
import { type Binding, footerBindings, keyName } from "../model/keys.ts";
import {
  cutText,
  cutWords,
  dim,
  displayWidth,
  fitLine,
  type Line,
  lineWidth,
  type Piece,
  plain,
} from "../model/line.ts";
import { matcherOf } from "../model/log-filter.ts";
import { type ConsoleModel, currentRoom, liveNotices, type Overlay, shownFlash } from "../model/model.ts";
import type { Notice } from "../model/notices.ts";
import { noActs } from "../model/press-acts.ts";
import { lastCells } from "./client.ts";
import { questionLine } from "./questions.ts";

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
  return fitLine([{ text: head + cutWords(notice.text, room), tone: notice.tone }, ...tail], width);
};

export const footerLine = (model: ConsoleModel): Line => {
  const { columns } = model.size;
  const { overlay } = model;
  if (overlay?.kind === "field" || overlay?.kind === "command") return fieldLine(model, overlay, columns);
  if (overlay?.kind === "ask" || overlay?.kind === "leave") return questionLine(model, overlay, columns);
  const flash = shownFlash(model);
  if (flash !== null) {
    const tone = flash.tone === "plain" ? {} : { tone: flash.tone };
    return fitLine([{ text: ` ${flash.text}`, bold: true, ...tone }], columns);
  }
  return fitLine(keyLine(model, columns), columns);
};

/** Help and quit always stay; of the others as many as fit, in the table's order. */
const keyLine = (model: ConsoleModel, width: number): Line => {
  const all = footerBindings(currentRoom(model)).filter(
    ({ action }) => action !== "menu" || noActs(model) === null,
  );
  const always = all.filter((binding) => binding.action === "help" || binding.action === "quit");
  // While one looks at the past, the way through it comes first.
  const back = model.frozen === null || model.overlay !== null ? [] : throughTime;
  const shown = all.filter(
    (each) => !always.includes(each) && !back.some(({ action }) => action === each.action),
  );
  const lineOf = (count: number): Line => [
    plain(" "),
    ...[...back, ...shown.slice(0, count), ...always].flatMap((binding, index): readonly Piece[] => [
      ...(index === 0 ? [] : [dim(" · ")]),
      { text: binding.keys.slice(0, 1).map(keyName).join(""), bold: true },
      dim(` ${binding.short ?? ""}`),
    ]),
  ];
  let count = shown.length;
  while (count > 0 && lineWidth(lineOf(count)) > width) count -= 1;
  return lineOf(count);
};

const throughTime: readonly Pick<Binding, "keys" | "action" | "short">[] = [
  { keys: ["escape"], action: "back", short: "to now" },
  { keys: ["left"], action: "earlier", short: "earlier" },
  { keys: ["right"], action: "later", short: "later" },
];

const fieldHintCells = 44;

/** What is typed, with the cursor in it, and beside it what it could become or what is wrong with it. */
const fieldLine = (
  model: ConsoleModel,
  overlay: Extract<Overlay, { readonly kind: "field" | "command" }>,
  width: number,
): Line => {
  const name = overlay.kind === "command" ? ":" : `${nameOf(overlay)}: `;
  const hint = fitLine(hintOf(model, overlay), Math.min(fieldHintCells, Math.floor(width / 2)));
  const room = width - displayWidth(name) - lineWidth(hint) - 4;
  return fitLine([plain(` ${name}`), ...typedPieces(overlay.field, room), plain("  "), ...hint], width);
};

const nameOf = (overlay: Extract<Overlay, { readonly kind: "field" }>): string =>
  overlay.what === "search" ? "search" : overlay.regex ? "regex" : "filter";

const typedPieces = ({ text, cursor }: Field, room: number): Line => {
  const ahead = cutText(text.slice(cursor), Math.floor(room / 3));
  const before = lastCells(text.slice(0, cursor), Math.max(0, room - displayWidth(ahead)));
  const after = cutText(text.slice(cursor), Math.max(0, room - displayWidth(before)));
  return [
    { text: before, bold: true },
    { text: "▏", tone: "accent" },
    { text: after, bold: true },
  ];
};

const hintOf = (
  model: ConsoleModel,
  overlay: Extract<Overlay, { readonly kind: "field" | "command" }>,
): Line => {
  if (overlay.kind === "command" && overlay.choices.length > 0) return [dim(overlay.choices.join("  "))];
  const problem = overlay.kind === "field" && overlay.regex ? matcherOf(model.logView.filter).problem : null;
  if (problem !== null) return [{ text: problem, tone: "warn" }];
  return keyLine(model, fieldHintCells);
};
