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
import {
  askedNow,
  type ConsoleModel,
  currentRoom,
  type Overlay,
  plannedNotices,
  shownFlash,
} from "../model/model.ts";
import type { Notice } from "../model/notices.ts";
import { noActs } from "../model/press-acts.ts";
import { brokenAt, moreText, noticeHeadCells, type PlannedNotice } from "../model/wording.ts";
import { lastCells } from "./client.ts";
import { questionLines } from "./questions.ts";

const marks: Readonly<Record<Notice["tone"], string>> = { good: "●", warn: "▲", bad: "⚠" };

/** As many lines as were planned; what there is no room for is counted. */
export const noticeLines = (model: ConsoleModel): readonly Line[] =>
  plannedNotices(model).flatMap((planned) =>
    planned.rows === 1 ? [noticeLine(planned, model.size.columns)] : twoLines(planned, model.size.columns),
  );

const headOf = ({ tone }: Notice): string => ` ${marks[tone]} `;

const tailOf = ({ notice, more }: PlannedNotice): Line => [
  ...(more > 0 ? [dim(moreText(more))] : []),
  ...(notice.command === null ? [] : [plain(" — "), { text: notice.command, bold: true }]),
];

/** The sentence gives way to the command: that is what one needs. */
const noticeLine = (planned: PlannedNotice, width: number): Line => {
  const { notice } = planned;
  const tail = tailOf(planned);
  const room = Math.max(0, width - noticeHeadCells - lineWidth(tail) - 1);
  return fitLine([{ text: headOf(notice) + cutWords(notice.text, room), tone: notice.tone }, ...tail], width);
};

/** What of the sentence does not fit above stands before the command. */
const twoLines = (planned: PlannedNotice, width: number): readonly Line[] => {
  const { notice } = planned;
  const [first, rest] = brokenAt(notice.text, width - noticeHeadCells - 1);
  const tail = tailOf(planned);
  const indent = " ".repeat(rest === "" ? noticeHeadCells - 1 : noticeHeadCells);
  const room = Math.max(0, width - noticeHeadCells - lineWidth(tail) - 1);
  return [
    fitLine([{ text: headOf(notice) + first, tone: notice.tone }], width),
    fitLine([{ text: indent + cutWords(rest, room), tone: notice.tone }, ...tail], width),
  ];
};

/** One line, but for a long question. */
export const footerLines = (model: ConsoleModel): readonly Line[] => {
  const asked = askedNow(model);
  return asked === null ? [footerLine(model)] : questionLines(asked, model.size.columns);
};

const footerLine = (model: ConsoleModel): Line => {
  const { columns } = model.size;
  const { overlay } = model;
  if (overlay?.kind === "field" || overlay?.kind === "command") return fieldLine(model, overlay, columns);
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
/** A blank at the left, the cursor, and two blanks before the hint. */
const fieldExtraCells = 4;

/** What is typed, with the cursor in it, and beside it what it could become or what is wrong with it. */
const fieldLine = (
  model: ConsoleModel,
  overlay: Extract<Overlay, { readonly kind: "field" | "command" }>,
  width: number,
): Line => {
  const name = overlay.kind === "command" ? ":" : `${nameOf(overlay)}: `;
  const choosing = overlay.kind === "command" && overlay.choices.length > 0;
  const typedCells = displayWidth(name) + displayWidth(overlay.field.text) + fieldExtraCells;
  const hintCells = choosing
    ? Math.max(Math.floor(width / 2), width - typedCells)
    : Math.min(fieldHintCells, Math.floor(width / 2));
  const hint = choosing
    ? choicesLine(overlay.choices, hintCells)
    : fitLine(hintOf(model, overlay), hintCells);
  const room = width - displayWidth(name) - lineWidth(hint) - fieldExtraCells;
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

/** As many whole choices as fit, and how many more there are. */
const choicesLine = (choices: readonly string[], width: number): Line => {
  const lineOf = (count: number): string =>
    [...choices.slice(0, count), ...(count < choices.length ? [`+${choices.length - count} more`] : [])].join(
      "  ",
    );
  let count = choices.length;
  while (count > 0 && displayWidth(lineOf(count)) > width) count -= 1;
  return [dim(cutText(lineOf(count), width))];
};

const hintOf = (
  model: ConsoleModel,
  overlay: Extract<Overlay, { readonly kind: "field" | "command" }>,
): Line => {
  const problem = overlay.kind === "field" && overlay.regex ? matcherOf(model.logView.filter).problem : null;
  if (problem !== null) return [{ text: problem, tone: "warn" }];
  return keyLine(model, fieldHintCells);
};
