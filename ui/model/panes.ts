/**
 * The panes, in the order of their numbers, and where each lives.
 *
 * Four have places of their own. The others share the lowest place with the log, the deck: whichever was gone to
 * last shows there. On a screen that is large enough all have room, and the deck is only the log.
 */

export type PaneId =
  | "nodes"
  | "load"
  | "client"
  | "log"
  | "events"
  | "beats"
  | "traffic"
  | "risk"
  | "transfers";

export const panes: readonly { readonly id: PaneId; readonly name: string; readonly says: string }[] = [
  { id: "nodes", name: "Nodes", says: "one line for each node" },
  { id: "load", name: "Load", says: "each node's load over time" },
  { id: "client", name: "Client", says: "upload, list and get images" },
  { id: "log", name: "Log", says: "what the nodes say" },
  { id: "events", name: "Events", says: "elections, fail-overs, repairs" },
  { id: "beats", name: "Beats", says: "who hears whom, and how fast" },
  { id: "traffic", name: "Traffic", says: "uploads a second and their times" },
  { id: "risk", name: "Risk", says: "what could be lost, and repairs" },
  { id: "transfers", name: "Transfers", says: "what is on its way" },
];

export const paneNumber = (id: PaneId): number => panes.findIndex((pane) => pane.id === id) + 1;
export const paneName = (id: PaneId): string => panes.find((pane) => pane.id === id)?.name ?? id;

/** Those that take turns in the lowest place. */
export const deckPanes = [
  "log",
  "events",
  "beats",
  "traffic",
  "risk",
  "transfers",
] as const satisfies PaneId[];
export type DeckPane = (typeof deckPanes)[number];

export const isDeckPane = (id: PaneId): id is DeckPane => (deckPanes as readonly PaneId[]).includes(id);
