/**
 * From a node to what is done to it: the menu, the question, and the word outside. Nothing is done to a node without
 * its name on the screen, and what takes something away is asked about first.
 */
import type { NodeId } from "../../core/model/ids.ts";
import { type ActEntry, type ActName, actEntry, acts } from "./acts.ts";
import type { ClusterNode, ClusterView } from "./cluster.ts";
import type { Action } from "./keys.ts";
import { type ConsoleModel, liveCluster, type Overlay, withFlash } from "./model.ts";
import type { Updated } from "./press.ts";

/** The acts that this console has at all, in the order of the table. */
export const ownActs = ({ setup }: ConsoleModel): readonly ActEntry[] =>
  acts.filter(({ name }) => setup.acts.includes(name));

/** Why nothing can be done from here; null when something can. */
export const noActs = ({ setup }: ConsoleModel): string | null => {
  if (setup.readOnly) return "this console is read-only";
  return setup.acts.length === 0 ? "acts need an operator's certificate, and none is here" : null;
};

export const opensMenu = (model: ConsoleModel): ConsoleModel => {
  const why = noActs(model);
  if (why !== null) return withFlash(model, why, "warn");
  if (model.selected === null) return withFlash(model, "no node is known yet", "warn");
  return { ...model, overlay: { kind: "menu", node: model.selected, at: 0 } };
};

type Menu = Extract<Overlay, { readonly kind: "menu" }>;

export const actedInMenu = (model: ConsoleModel, menu: Menu, action: Action): Updated => {
  const own = ownActs(model);
  switch (action) {
    case "down":
      return [{ ...model, overlay: { ...menu, at: Math.min(own.length - 1, menu.at + 1) } }, []];
    case "up":
      return [{ ...model, overlay: { ...menu, at: Math.max(0, menu.at - 1) } }, []];
    case "choose": {
      const entry = own[menu.at];
      return entry === undefined ? [model, []] : wished(model, entry.name, menu.node);
    }
    default:
      return [{ ...model, overlay: null }, []];
  }
};

export const pickedInMenu = (model: ConsoleModel, key: string): Updated => {
  if (model.overlay?.kind !== "menu") return [model, []];
  const entry = ownActs(model).find((act) => act.key === key);
  return entry === undefined ? [model, []] : wished(model, entry.name, model.overlay.node);
};

/** The node as it is now, whatever moment the panes show. */
const nodeNow = (
  model: ConsoleModel,
  id: NodeId,
): { readonly node: ClusterNode; readonly cluster: ClusterView } | null => {
  const cluster = liveCluster(model);
  const node = cluster?.nodes.find(({ view }) => view.id === id);
  return cluster === null || node === undefined ? null : { node, cluster };
};

/** Done at once, asked about, or refused with the reason. */
export const wished = (model: ConsoleModel, act: ActName, id: NodeId): Updated => {
  const closed: ConsoleModel = { ...model, overlay: null };
  const why = noActs(model);
  if (why !== null) return [withFlash(closed, why, "warn"), []];
  if (!model.setup.acts.includes(act))
    return [withFlash(closed, `${act} works only in the console of launch-local`, "warn"), []];
  const found = nodeNow(model, id);
  if (found === null) return [withFlash(closed, `there is no node ${id}`, "warn"), []];
  const entry = actEntry(act);
  const senseless = entry.senseless(found.node, found.cluster);
  if (senseless !== null) return [withFlash(closed, `${act} node ${id}: ${senseless}`, "warn"), []];
  if (entry.asks) return [{ ...closed, overlay: { kind: "ask", act, node: id } }, []];
  return performed(closed, act, id);
};

const performed = (model: ConsoleModel, act: ActName, node: NodeId): Updated => [
  withFlash(model, `${act} node ${node} …`, "plain"),
  [{ kind: "act", act, node }],
];

type Question = Extract<Overlay, { readonly kind: "ask" | "leave" }>;

export const actedInQuestion = (model: ConsoleModel, question: Question, action: Action): Updated => {
  const closed: ConsoleModel = { ...model, overlay: null };
  switch (action) {
    case "yes":
      return question.kind === "ask" ? performed(closed, question.act, question.node) : [closed, []];
    case "leave-stopping":
      return [closed, [{ kind: "quit", background: false }]];
    case "leave-running":
      return [closed, [{ kind: "quit", background: true }]];
    default:
      return [question.kind === "ask" ? withFlash(closed, "nothing was done", "plain") : closed, []];
  }
};
