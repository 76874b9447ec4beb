/**
 * Every key of the console, once. The update looks actions up here, the footer and the help are generated from
 * it, and a test holds `docs/console.md` to it.
 *
 * A key belongs to a room: the field where a filter is typed, the client's prompt, the help, one pane, or
 * everywhere. A pane's own keys win over those that work everywhere. In field and prompt every printable key is
 * text.
 */

export type PaneId = "nodes" | "load" | "client" | "log";

/** In the order of their numbers. */
export const panes: readonly { readonly id: PaneId; readonly name: string }[] = [
  { id: "nodes", name: "Nodes" },
  { id: "load", name: "Load" },
  { id: "client", name: "Client" },
  { id: "log", name: "Log" },
];
export const paneNumber = (id: PaneId): number => panes.findIndex((pane) => pane.id === id) + 1;

export type Room = "field" | "prompt" | "help" | PaneId | "everywhere";

export type Action =
  | "quit"
  | "suspend"
  | "help"
  | "back"
  | "next-pane"
  | "previous-pane"
  | "go-to-pane"
  | "zoom"
  | "pause"
  | "down"
  | "up"
  | "page-down"
  | "page-up"
  | "first"
  | "last"
  | "only-this-node"
  | "follow"
  | "filter"
  | "level"
  | "keep-filter"
  | "drop-filter"
  | "erase"
  | "erase-next"
  | "erase-word"
  | "erase-all"
  | "left"
  | "right"
  | "type"
  | "leave-field"
  | "run"
  | "stop"
  | "complete"
  | "older"
  | "newer";

/** A printable key is its own character; the others have names. */
export interface Binding {
  readonly room: Room;
  readonly keys: readonly string[];
  readonly action: Action;
  /** For the footer, a word or two; null keeps it out of there. */
  readonly short: string | null;
  /** For the help and the docs. */
  readonly says: string;
}

const bind = (room: Room, keys: string, action: Action, short: string | null, says: string): Binding => ({
  room,
  keys: keys.split(" "),
  action,
  short,
  says,
});

export const bindings: readonly Binding[] = [
  bind("nodes", "j down", "down", "move", "select the next node"),
  bind("nodes", "k up", "up", null, "select the previous node"),
  bind("nodes", "g home", "first", null, "select the first node"),
  bind("nodes", "G end", "last", null, "select the last node"),
  bind("nodes", "enter", "only-this-node", "its log", "only this node's log lines, or all again"),
  bind("client", "enter", "type", "type", "type a command"),
  bind("client", "j down", "down", "scroll", "down a line"),
  bind("client", "k up", "up", null, "up a line"),
  bind("client", "g home", "first", null, "to the oldest line"),
  bind("client", "G end", "last", null, "to the newest line"),
  bind("client", "pageup ctrl-u", "page-up", null, "a page up"),
  bind("client", "pagedown ctrl-d", "page-down", null, "a page down"),
  bind("log", "j down", "down", "scroll", "down a line; at the end it follows again"),
  bind("log", "k up", "up", null, "up a line, and stop following"),
  bind("log", "g home", "first", null, "to the oldest line"),
  bind("log", "G end", "last", "newest", "to the newest line, and follow"),
  bind("everywhere", "tab", "next-pane", "pane", "to the next pane"),
  bind("everywhere", "shift-tab", "previous-pane", null, "to the previous pane"),
  bind("everywhere", "1 2 3 4", "go-to-pane", null, "to that pane; 3 to type there"),
  bind("everywhere", "z", "zoom", "zoom", "all the room for this pane, or back"),
  bind("everywhere", "p", "pause", "pause", "hold the panes still, or go on"),
  bind("everywhere", "/", "filter", "filter", "only log lines that contain a text"),
  bind("everywhere", "l", "level", "level", "log level: info, warn, error, debug"),
  bind("everywhere", "f", "follow", "follow", "follow new log lines, or stop"),
  bind("everywhere", "pageup ctrl-u", "page-up", null, "a page up in the log"),
  bind("everywhere", "pagedown ctrl-d", "page-down", null, "a page down in the log"),
  bind("everywhere", "escape", "back", null, "a step back: zoom, filter, one node's log"),
  bind("everywhere", "ctrl-z", "suspend", null, "to the shell; fg returns, nodes go on"),
  bind("everywhere", "?", "help", "help", "show this help"),
  bind("everywhere", "q ctrl-c", "quit", "quit", "leave the console"),
  bind("field", "enter", "keep-filter", "keep it", "keep the filter"),
  bind("field", "escape", "drop-filter", "show all lines", "leave without a filter"),
  bind("field", "backspace", "erase", null, "erase a character"),
  bind("field", "ctrl-w", "erase-word", null, "erase a word"),
  bind("field", "ctrl-u", "erase-all", null, "erase everything"),
  bind("field", "ctrl-c", "quit", null, "leave the console"),
  bind("prompt", "enter", "run", "run", "run the line"),
  bind("prompt", "tab", "complete", "complete", "complete a command, a path, an id"),
  bind("prompt", "up ctrl-p", "older", "history", "the line before, of this and earlier runs"),
  bind("prompt", "down ctrl-n", "newer", null, "the line after"),
  bind("prompt", "left ctrl-b", "left", null, "a character to the left"),
  bind("prompt", "right ctrl-f", "right", null, "a character to the right"),
  bind("prompt", "home ctrl-a", "first", null, "to the beginning of the line"),
  bind("prompt", "end ctrl-e", "last", null, "to its end"),
  bind("prompt", "backspace", "erase", null, "erase a character"),
  bind("prompt", "delete", "erase-next", null, "erase the character at the cursor"),
  bind("prompt", "ctrl-w", "erase-word", null, "erase a word"),
  bind("prompt", "ctrl-u", "erase-all", null, "erase everything to the left"),
  bind("prompt", "pageup", "page-up", null, "a page up in what was said"),
  bind("prompt", "pagedown", "page-down", null, "a page down"),
  bind("prompt", "ctrl-c", "stop", "stop", "stop the command, or drop the line"),
  bind("prompt", "escape ctrl-d", "leave-field", "other keys", "leave the prompt; a command runs on"),
  bind("prompt", "ctrl-z", "suspend", null, "to the shell; fg returns, nodes go on"),
  bind("help", "j down", "down", "scroll", "down a line"),
  bind("help", "k up", "up", null, "up a line"),
  bind("help", "? escape", "back", "close", "close the help"),
  bind("help", "ctrl-z", "suspend", null, "to the shell; fg returns, nodes go on"),
  bind("help", "q ctrl-c", "quit", "quit", "leave the console"),
];

const names: Readonly<Record<string, string>> = {
  tab: "Tab",
  "shift-tab": "Shift+Tab",
  escape: "Esc",
  enter: "Enter",
  backspace: "⌫",
  down: "↓",
  up: "↑",
  pagedown: "PgDn",
  pageup: "PgUp",
  home: "Home",
  end: "End",
  left: "←",
  right: "→",
  delete: "Del",
};

/** A key as people write it: `^C`, `Esc`, `j`. */
export const keyName = (key: string): string =>
  key.startsWith("ctrl-") ? `^${key.slice(5).toUpperCase()}` : (names[key] ?? key);

/** Rooms in which only their own keys work. */
const isClosed = (room: Room): boolean => room === "field" || room === "prompt" || room === "help";

/** What `key` does in `room`, or null. */
export const actionOf = (room: Exclude<Room, "everywhere">, key: string): Action | null => {
  const here = bindings.find((binding) => binding.room === room && binding.keys.includes(key));
  if (here !== undefined) return here.action;
  if (isClosed(room)) return null;
  const anywhere = bindings.find((binding) => binding.room === "everywhere" && binding.keys.includes(key));
  return anywhere?.action ?? null;
};

/** What the footer offers in `room`: its own keys first, then those that work everywhere. */
export const footerBindings = (room: Exclude<Room, "everywhere">): readonly Binding[] => {
  const shown = bindings.filter((binding) => binding.short !== null);
  const own = shown.filter((binding) => binding.room === room);
  return isClosed(room) ? own : [...own, ...shown.filter((binding) => binding.room === "everywhere")];
};

const roomNames: readonly (readonly [Room, string])[] = [
  ["everywhere", "Everywhere"],
  ["nodes", "In the nodes"],
  ["client", "In the client"],
  ["prompt", "At the client's prompt"],
  ["log", "In the log"],
  ["field", "While typing a filter"],
  ["help", "In this help"],
];

export interface KeySection {
  readonly title: string;
  readonly rows: readonly { readonly keys: readonly string[]; readonly says: string }[];
}

/** The whole table by room, as the help and `docs/console.md` show it. */
export const keySections: readonly KeySection[] = roomNames.map(([room, title]) => ({
  title,
  rows: bindings
    .filter((binding) => binding.room === room)
    .map((binding) => ({ keys: binding.keys.map(keyName), says: binding.says })),
}));

/** Lines of the help: a title for each section, its keys, and a blank line between sections. */
export const helpLines = keySections.reduce((lines, section) => lines + section.rows.length + 2, -1);
