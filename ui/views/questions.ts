/**
 * What asks before something is done: the menu of acts beside the node's name, and the question in the last lines.
 */
import { cutWords, dim, displayWidth, fitLine, type Line, type Piece, plain } from "../model/line.ts";
import { type ConsoleModel, liveCluster, type Overlay } from "../model/model.ts";
import { ownActs } from "../model/press-acts.ts";
import { type Asked, answersCells, brokenAt, questionRows } from "../model/wording.ts";
import type { PaneContent } from "./pane.ts";

type Menu = Extract<Overlay, { readonly kind: "menu" }>;

export const menuWidth = 62;

/** Every act of this console; those that make no sense now say why. */
export const menuPane = (model: ConsoleModel, menu: Menu): PaneContent => {
  const cluster = liveCluster(model);
  const node = cluster?.nodes.find(({ view }) => view.id === menu.node);
  if (cluster === null || node === undefined) return { title: [], lines: [[dim("  this node has gone")]] };
  return {
    title: [dim("Enter or the letter does it")],
    lines: ownActs(model).map((act, index): Line => {
      const why = act.senseless(node, cluster);
      const here = { text: index === menu.at ? "›" : " ", bold: true };
      const words = `${act.name.padEnd(10)} ${act.says}`;
      if (why !== null) return [here, dim(` ${act.key}  ${words} (${why})`)];
      return [
        here,
        { text: ` ${act.key}  `, bold: true },
        plain(words),
        act.asks ? dim(" (asks)") : plain(""),
      ];
    }),
  };
};

/** One row, or two where one is too short; only what not even those hold is cut. */
export const questionLines = (asked: Asked, width: number): readonly Line[] => {
  const { question, consequence, answers } = asked;
  const head: Piece = { text: ` ${question}`, bold: true, tone: "warn" };
  const tail: Line = answers.flatMap(
    ([key, says]): Line => [plain("  "), { text: key, bold: true }, dim(` ${says}`)],
  );
  if (questionRows(asked, width) === 1)
    return [fitLine([head, ...(consequence === "" ? [] : [plain(` ${consequence}`)]), ...tail], width)];
  const [first, rest] = brokenAt(consequence, width - displayWidth(head.text) - 2);
  const room = Math.max(0, width - answersCells(asked) - 2);
  return [
    fitLine([head, plain(` ${first}`)], width),
    fitLine([plain(` ${cutWords(rest, room)}`), ...tail], width),
  ];
};
