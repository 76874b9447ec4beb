/**
 * Every key of the console, once. The update looks actions up here, the footer and the help are generated from
 * it, and a test holds `docs/console.md` to it.
 *
 * A key belongs to a room: a field where one types, a question, the help, one pane, or everywhere. A pane's own
 * keys win over those that work everywhere. In a field and at the prompt every printable key is text.
 */
import type { PaneId } from "./panes.ts";

export type Room =
  | PaneId
  | "everywhere"
  | "field"
  | "command"
  | "prompt"
  | "menu"
  | "ask"
  | "leave"
  | "copy"
  | "picture"
  | "help";

export type Action =
  | "quit"
  | "suspend"
  | "redraw"
  | "help"
  | "back"
  | "next-pane"
  | "previous-pane"
  | "go-to-pane"
  | "zoom"
  | "pause"
  | "earlier"
  | "later"
  | "down"
  | "up"
  | "page-down"
  | "page-up"
  | "first"
  | "last"
  | "range"
  | "only-this-node"
  | "next-node"
  | "menu"
  | "command"
  | "follow"
  | "filter"
  | "search"
  | "next-found"
  | "previous-found"
  | "level"
  | "copy-view"
  | "next-event"
  | "previous-event"
  | "show-in-log"
  | "keep-field"
  | "drop-field"
  | "regex"
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
  | "newer"
  | "view"
  | "album"
  | "choose"
  | "yes"
  | "no"
  | "leave-stopping"
  | "leave-running";

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

/** A list that one goes up and down in. */
const listKeys = (room: Room, short: string, line: string): readonly Binding[] => [
  bind(room, "j down", "down", short, `down ${line}`),
  bind(room, "k up", "up", null, `up ${line}`),
  bind(room, "g home", "first", null, "to the first"),
  bind(room, "G end", "last", null, "to the last"),
];

const fieldKeys = (room: Room): readonly Binding[] => [
  bind(room, "left ctrl-b", "left", null, "a character to the left"),
  bind(room, "right ctrl-f", "right", null, "a character to the right"),
  bind(room, "home ctrl-a", "first", null, "to the beginning of the line"),
  bind(room, "end ctrl-e", "last", null, "to its end"),
  bind(room, "backspace", "erase", null, "erase a character"),
  bind(room, "delete", "erase-next", null, "erase the character at the cursor"),
  bind(room, "ctrl-w", "erase-word", null, "erase a word"),
  bind(room, "ctrl-u", "erase-all", null, "erase everything to the left"),
];

export const bindings: readonly Binding[] = [
  ...listKeys("nodes", "move", "a node"),
  bind("nodes", "enter", "only-this-node", "its log", "only this node's log lines, or all again"),
  bind("client", "enter", "type", "type", "type a command"),
  ...listKeys("client", "scroll", "a line"),
  bind("client", "pageup ctrl-u", "page-up", null, "a page up"),
  bind("client", "pagedown ctrl-d", "page-down", null, "a page down"),
  bind("client", "v", "view", "picture", "the last picture, over the whole screen"),
  bind("client", "V", "album", "album", "the newest images on one sheet"),
  bind("log", "j down", "down", "scroll", "down a line; at the end it follows again"),
  bind("log", "k up", "up", null, "up a line, and stop following"),
  bind("log", "g home", "first", null, "to the oldest line"),
  bind("log", "G end", "last", "newest", "to the newest line, and follow"),
  bind("log", "]", "next-event", "event", "to the next event"),
  bind("log", "[", "previous-event", null, "to the event before"),
  bind("log", "o", "next-node", null, "only one node's lines, the next, all"),
  bind("log", "c", "copy-view", "copy", "whole lines without borders, to copy"),
  ...listKeys("events", "move", "an event"),
  bind("events", "enter", "show-in-log", "in the log", "show this event in the log"),
  ...listKeys("beats", "scroll", "a line"),
  ...listKeys("traffic", "scroll", "a line"),
  ...listKeys("risk", "scroll", "a line"),
  ...listKeys("transfers", "scroll", "a line"),
  bind("everywhere", "a", "menu", "act", "what can be done to the selected node"),
  bind("everywhere", "tab", "next-pane", "pane", "to the next pane"),
  bind("everywhere", "shift-tab", "previous-pane", null, "to the previous pane"),
  bind("everywhere", "1 2 3 4 5 6 7 8 9", "go-to-pane", null, "to that pane; 3 to type there"),
  bind("everywhere", "left", "earlier", "back in time", "to the event before: panes show that time"),
  bind("everywhere", "right", "later", null, "to the event after, at last to now"),
  bind("everywhere", "p", "pause", "pause", "hold the panes still, or go on"),
  bind("everywhere", "z", "zoom", "zoom", "all the room for this pane, or back"),
  bind("everywhere", "r", "range", "range", "charts of 1 min, 5 min, 1 h"),
  bind("everywhere", "/", "filter", "filter", "only log lines that match"),
  bind("everywhere", "s", "search", null, "mark a text in the log and go to it"),
  bind("everywhere", "n", "next-found", null, "to the next line with that text"),
  bind("everywhere", "N", "previous-found", null, "to the line with it before"),
  bind("everywhere", "l", "level", null, "log level: info, warn, error, debug"),
  bind("everywhere", "f", "follow", null, "follow new log lines, or stop"),
  bind("everywhere", "pageup ctrl-u", "page-up", null, "a page up in the log"),
  bind("everywhere", "pagedown ctrl-d", "page-down", null, "a page down in the log"),
  bind("everywhere", ":", "command", "command", "type a command of the console"),
  bind("everywhere", "escape", "back", null, "back: to now, zoom, filter, one node"),
  bind("everywhere", "ctrl-l", "redraw", null, "draw the screen anew"),
  bind("everywhere", "ctrl-z", "suspend", null, "to the shell; fg returns, nodes go on"),
  bind("everywhere", "?", "help", "help", "show this help"),
  bind("everywhere", "q ctrl-c", "quit", "quit", "leave the console"),
  bind("field", "enter", "keep-field", "keep it", "keep it"),
  bind("field", "escape", "drop-field", "drop it", "leave without it"),
  bind("field", "tab", "regex", "text or regex", "a filter: plain text, or a regex"),
  ...fieldKeys("field"),
  bind("field", "ctrl-c", "quit", null, "leave the console"),
  bind("command", "enter", "run", "run", "run it"),
  bind("command", "escape", "drop-field", "drop it", "leave it"),
  bind("command", "tab", "complete", "complete", "complete a command or its operand"),
  bind("command", "up ctrl-p", "older", "history", "the command before"),
  bind("command", "down ctrl-n", "newer", null, "the command after"),
  ...fieldKeys("command"),
  bind("command", "ctrl-c", "quit", null, "leave the console"),
  bind("menu", "down", "down", "move", "down a line"),
  bind("menu", "up", "up", null, "up a line"),
  bind("menu", "enter", "choose", "choose", "do this; the letter does it too"),
  bind("menu", "escape a", "no", "close", "close the menu"),
  bind("menu", "ctrl-c", "quit", null, "leave the console"),
  bind("ask", "y", "yes", "yes", "do it"),
  bind("ask", "n escape enter", "no", "no", "leave it"),
  bind("ask", "ctrl-c", "quit", null, "leave the console"),
  bind("leave", "s q ctrl-c", "leave-stopping", "stop the node", "stop the node, then leave"),
  bind("leave", "b", "leave-running", "leave it running", "leave the node running in the background"),
  bind("leave", "escape", "no", "stay", "stay"),
  bind("prompt", "enter", "run", "run", "run the line"),
  bind("prompt", "tab", "complete", "complete", "complete a command, a path, an id"),
  bind("prompt", "up ctrl-p", "older", "history", "the line before, of this and earlier runs"),
  bind("prompt", "down ctrl-n", "newer", null, "the line after"),
  ...fieldKeys("prompt"),
  bind("prompt", "pageup", "page-up", null, "a page up in what was said"),
  bind("prompt", "pagedown", "page-down", null, "a page down"),
  bind("prompt", "ctrl-c", "stop", "stop", "stop the command, or drop the line"),
  bind("prompt", "escape ctrl-d", "leave-field", "other keys", "leave the prompt; a command runs on"),
  bind("prompt", "ctrl-o", "view", "picture", "the last picture, over the whole screen"),
  bind("prompt", "ctrl-z", "suspend", null, "to the shell; fg returns, nodes go on"),
  bind("copy", "j down", "down", "scroll", "down a line"),
  bind("copy", "k up", "up", null, "up a line"),
  bind("copy", "pagedown ctrl-d", "page-down", null, "a page down"),
  bind("copy", "pageup ctrl-u", "page-up", null, "a page up"),
  bind("copy", "g home", "first", null, "to the oldest line"),
  bind("copy", "G end", "last", null, "to the newest line"),
  bind("copy", "c escape", "no", "close", "back to the panes"),
  bind("copy", "q ctrl-c", "quit", "quit", "leave the console"),
  bind("picture", "escape", "back", "close", "back to the panes; other keys do it too"),
  bind("picture", "ctrl-c", "quit", null, "leave the console"),
  bind("help", "j down", "down", "scroll", "down a line"),
  bind("help", "k up", "up", null, "up a line"),
  bind("help", "pagedown ctrl-d", "page-down", null, "a page down"),
  bind("help", "pageup ctrl-u", "page-up", null, "a page up"),
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

const closedRooms: ReadonlySet<Room> = new Set<Room>([
  "field",
  "command",
  "prompt",
  "menu",
  "ask",
  "leave",
  "copy",
  "picture",
  "help",
]);
/** Whether only the room's own keys work in it. */
export const isClosed = (room: Room): boolean => closedRooms.has(room);

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
  ["events", "In the events"],
  ["beats", "In the beats, traffic, risk and transfers"],
  ["menu", "In the menu of acts"],
  ["ask", "At a question"],
  ["leave", "When leaving a server"],
  ["copy", "In the copy view"],
  ["picture", "Over a picture"],
  ["command", "At the command line"],
  ["field", "While typing a filter or a search"],
  ["help", "In this help"],
];

export interface KeySection {
  readonly title: string;
  readonly rows: readonly { readonly keys: readonly string[]; readonly says: string }[];
}

/** Nine numbers in a row are written as a span. */
const keysShown = ({ keys }: Binding): readonly string[] =>
  keys.length < 9 ? keys.map(keyName) : [`${keys[0] ?? ""} … ${keys.at(-1) ?? ""}`];

/** The whole table by room, as the help and `docs/console.md` show it. */
export const keySections: readonly KeySection[] = roomNames.map(([room, title]) => ({
  title,
  rows: bindings
    .filter((binding) => binding.room === room)
    .map((binding) => ({ keys: keysShown(binding), says: binding.says })),
}));
