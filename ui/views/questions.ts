/**
 * What asks before something is done: the menu of acts beside the node's name, and the question in the last line.
 */
import { actEntry, consequenceOf } from "../model/acts.ts";
import { cutText, dim, displayWidth, fitLine, type Line, plain } from "../model/line.ts";
import { type ConsoleModel, liveCluster, type Overlay } from "../model/model.ts";
import { ownActs } from "../model/press-acts.ts";
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

/** The consequence gives way to question and answers. */
export const questionLine = (
  model: ConsoleModel,
  overlay: Extract<Overlay, { readonly kind: "ask" | "leave" }>,
  width: number,
): Line => {
  if (overlay.kind === "leave") {
    const node = model.setup.leaves;
    return asked(
      ` Leave node ${node ?? ""}?`,
      "",
      [
        ["s", "stop it"],
        ["b", "leave it running"],
        ["Esc", "stay"],
      ],
      width,
    );
  }
  const cluster = liveCluster(model);
  const node = cluster?.nodes.find(({ view }) => view.id === overlay.node);
  const consequence = cluster === null || node === undefined ? "" : consequenceOf(overlay.act, node, cluster);
  const question = ` ${actEntry(overlay.act).name} node ${overlay.node}?`;
  return asked(
    question,
    consequence,
    [
      ["y", "yes"],
      ["n", "no"],
    ],
    width,
  );
};

const asked = (
  question: string,
  consequence: string,
  answers: readonly (readonly [string, string])[],
  width: number,
): Line => {
  const tail: Line = answers.flatMap(
    ([key, says]): Line => [plain("  "), { text: key, bold: true }, dim(` ${says}`)],
  );
  const tailWidth = tail.reduce((sum, piece) => sum + displayWidth(piece.text), 0);
  const room = width - displayWidth(question) - tailWidth - 2;
  const words = displayWidth(consequence) <= room ? consequence : `${cutText(consequence, room - 1)}…`;
  const middle: Line = words === "" ? [] : [plain(` ${words}`)];
  return fitLine([{ text: question, bold: true, tone: "warn" }, ...middle, ...tail], width);
};
