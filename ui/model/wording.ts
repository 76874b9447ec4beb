/**
 * What stands below the panes, in as many rows as it needs: warnings and the question.
 *
 * Nothing that somebody has to know is cut while there is a row for it. A screen of few rows tells the worst warning
 * alone, in two rows where one is too short; a tall one tells several, and the worst are the first to get a second row.
 */
import type { NodeId } from "../../core/model/ids.ts";
import { actEntry, consequenceOf } from "./acts.ts";
import type { ClusterView } from "./cluster.ts";
import { noticeRowsMax, type Size, tallRows } from "./layout.ts";
import { cutText, displayWidth } from "./line.ts";
import type { Overlay } from "./model.ts";
import type { Notice } from "./notices.ts";

export interface PlannedNotice {
  readonly notice: Notice;
  readonly rows: 1 | 2;
  /** How many have no room; only of the last one that has. */
  readonly more: number;
}

/** The mark before it and the blanks around that. */
export const noticeHeadCells = 3;
export const moreText = (more: number): string => (more > 0 ? ` (+${more})` : "");
export const commandText = ({ command }: Notice): string => (command === null ? "" : ` — ${command}`);

export const planNotices = (notices: readonly Notice[], size: Size): readonly PlannedNotice[] => {
  const shown = notices.slice(0, size.rows >= tallRows ? noticeRowsMax.tall : 1);
  let left = (size.rows >= tallRows ? noticeRowsMax.tall : noticeRowsMax.small) - shown.length;
  return shown.map((notice, index): PlannedNotice => {
    const more = index === shown.length - 1 ? notices.length - shown.length : 0;
    const cells = displayWidth(notice.text + commandText(notice) + moreText(more));
    const wraps = noticeHeadCells + cells + 1 > size.columns && left > 0;
    if (wraps) left -= 1;
    return { notice, more, rows: wraps ? 2 : 1 };
  });
};

/** What does not fit is without the words that do, and begins with a word. */
export const brokenAt = (text: string, width: number): readonly [string, string] => {
  if (displayWidth(text) <= width) return [text, ""];
  const cut = cutText(text, width);
  const end = text[cut.length] === " " ? cut.length : cut.lastIndexOf(" ");
  return end <= 0 ? [cut, text.slice(cut.length)] : [text.slice(0, end), text.slice(end + 1)];
};

export type Question = Extract<Overlay, { readonly kind: "ask" | "leave" }>;

export interface Asked {
  readonly question: string;
  readonly consequence: string;
  /** Key and what it does. */
  readonly answers: readonly (readonly [string, string])[];
}

/** `leaves`: the node that could go on without the console. */
export const askedBy = (overlay: Question, cluster: ClusterView | null, leaves: NodeId | null): Asked => {
  if (overlay.kind === "leave")
    return {
      question: `Leave node ${leaves ?? ""}?`,
      consequence: "",
      answers: [
        ["s", "stop it"],
        ["b", "leave it running"],
        ["Esc", "stay"],
      ],
    };
  const node = cluster?.nodes.find(({ view }) => view.id === overlay.node);
  return {
    question: `${actEntry(overlay.act).name} node ${overlay.node}?`,
    consequence: cluster === null || node === undefined ? "" : consequenceOf(overlay.act, node, cluster),
    answers: [
      ["y", "yes"],
      ["n", "no"],
    ],
  };
};

export const answersCells = ({ answers }: Asked): number =>
  answers.reduce((cells, [key, says]) => cells + displayWidth(`  ${key} ${says}`), 0);

/** A blank before the question, and one before what follows. */
export const questionRows = (asked: Asked, columns: number): 1 | 2 =>
  displayWidth(` ${asked.question} ${asked.consequence}`) + answersCells(asked) <= columns ? 1 : 2;
