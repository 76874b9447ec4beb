/**
 * The console's one decision: what a message makes of the model, and what is to be done about it.
 *
 * Nothing here knows a terminal, a clock or a socket; what has to happen outside is returned as commands. What
 * comes in is taken in by `receive.ts`, what a person presses by `press.ts`.
 */
import type { Level } from "../../core/model/events.ts";
import type { WallMs } from "../../core/model/units.ts";
import type { ActName } from "./acts.ts";
import { type ClientEvent, clientHeard, type FirstClient, firstClient } from "./client.ts";
import type { Size } from "./layout.ts";
import { type ConsoleEvent, type ConsoleModel, shownNodes } from "./model.ts";
import { type MouseDeed, moused } from "./mouse.ts";
import { type Command, pasted, press, type Updated } from "./press.ts";
import { enlarged, pictureOpened } from "./press-pictures.ts";
import { heard, saidHere } from "./receive.ts";

export type Message =
  /** What came in since the last such message, oldest first; with `second`, another second has passed. */
  | {
      readonly kind: "news";
      readonly at: WallMs;
      readonly events: readonly ConsoleEvent[];
      readonly second: boolean;
    }
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "paste"; readonly text: string }
  | { readonly kind: "mouse"; readonly deed: MouseDeed }
  | { readonly kind: "resize"; readonly size: Size }
  /** Who runs the client's commands is there, and what can be done to nodes is known. */
  | { readonly kind: "joined"; readonly client: FirstClient; readonly acts: readonly ActName[] }
  /** From whoever runs the client's commands. */
  | { readonly kind: "client"; readonly event: ClientEvent }
  /** What this process itself would have printed. */
  | { readonly kind: "said"; readonly at: WallMs; readonly level: Level; readonly text: string };

export const update = (model: ConsoleModel, message: Message): Updated => {
  const [next, commands] = decided(model, message);
  return [withSelection(next), commands];
};

const decided = (model: ConsoleModel, message: Message): Updated => {
  switch (message.kind) {
    case "news":
      return [heard(model, message.at, message.events, message.second), []];
    case "said":
      return [saidHere(model, message.at, message.level, message.text), []];
    case "resize":
      return [{ ...model, size: message.size }, []];
    case "paste":
      return [pasted(model, message.text), []];
    case "joined":
      return joined(model, message.client, message.acts);
    case "client": {
      const { event } = message;
      if (event.kind === "enlarged") return enlarged(model, event);
      const next = { ...model, client: clientHeard(model.client, event) };
      return [event.kind === "picture" && event.open ? pictureOpened(next, event.picture) : next, []];
    }
    case "mouse":
      return [moused(model, message.deed), []];
    case "key":
      return press(model, message.key);
  }
};

/** Whoever has gone to the client's pane already wants to type there; what he has typed is done now. */
const joined = (model: ConsoleModel, first: FirstClient, acts: readonly ActName[]): Updated => {
  const client = { ...firstClient(first), typing: first.user !== null && model.focus === "client" };
  const next: ConsoleModel = { ...model, setup: { ...model.setup, acts }, client };
  if (!client.typing) return [next, []];
  return model.client.early.reduce<Updated>(
    ([before, commands]: Updated, typed): Updated => {
      const [after, more]: readonly [ConsoleModel, readonly Command[]] = decided(before, typed);
      return [after, [...commands, ...more]];
    },
    [next, []],
  );
};

/**
 * The selection stays on a node that shows: the first when it has gone. Any message can take it away, because time
 * alone can change whose view shows.
 */
const withSelection = (model: ConsoleModel): ConsoleModel => {
  const nodes = shownNodes(model);
  if (model.selected !== null && nodes.includes(model.selected)) return model;
  return { ...model, selected: nodes[0] ?? null };
};
