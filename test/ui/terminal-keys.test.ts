/**
 * Every key of the table, pressed on a real terminal: each must do to the screen what the table says, and nothing of
 * that may have been there before. The cluster stands still, so that whatever changes was done by the key.
 */
import { afterEach, describe, expect, test } from "vitest";
import { bindings } from "../../ui/model/keys.ts";
import { endPrograms, type PtyProgram, spawnOnPty } from "../support/pty.ts";

const fixture = new URL("../../dist/test/ui/fixture-console.js", import.meta.url).pathname;

const codes: Readonly<Record<string, string>> = {
  tab: "\t",
  "shift-tab": "\u001b[Z",
  escape: "\u001b",
  enter: "\r",
  backspace: "\u007f",
  delete: "\u001b[3~",
  up: "\u001b[A",
  down: "\u001b[B",
  right: "\u001b[C",
  left: "\u001b[D",
  home: "\u001b[H",
  end: "\u001b[F",
  pageup: "\u001b[5~",
  pagedown: "\u001b[6~",
};
const codeOf = (key: string): string =>
  key.startsWith("ctrl-") ? String.fromCharCode(key.charCodeAt(5) - 96) : (codes[key] ?? key);

/** What must be seen after a key and not before it. */
type Sight =
  | { readonly shows: RegExp }
  | { readonly hides: RegExp }
  /** The console was left (and is opened again). */
  | "quits"
  /** Everything was drawn anew. */
  | "redraws";

interface Step {
  readonly room: string;
  readonly key: string;
  readonly sight: Sight;
  /** What leads to where the key is pressed, and what is seen there. */
  readonly first?: readonly (readonly [keys: string, shows: RegExp])[];
}

const step = (
  room: string,
  key: string,
  sight: Sight | RegExp,
  ...first: NonNullable<Step["first"]>
): Step => ({
  room,
  key,
  sight: sight instanceof RegExp ? { shows: sight } : sight,
  first,
});
const hides = (what: RegExp): Sight => ({ hides: what });

const countOf = (program: PtyProgram, what: string): number => program.screen.raw().split(what).length - 1;
const seen = (program: PtyProgram, sight: Exclude<Sight, string>): boolean => {
  if (!program.screen.whole()) return false;
  const text = program.screen.text();
  return "shows" in sight ? sight.shows.test(text) : !sight.hides.test(text);
};

const take = async (program: PtyProgram, { room, key, sight, first = [] }: Step): Promise<void> => {
  const name = `${key} in ${room}`;
  for (const [keys, shows] of first) {
    program.type(keys);
    await program.waitUntil(`${shows} before ${name}`, () => seen(program, { shows }));
  }
  if (sight === "quits" || sight === "redraws") {
    const mark = sight === "quits" ? "exit: " : "\u001b[?1049h";
    const before = countOf(program, mark);
    program.type(codeOf(key));
    await program.waitUntil(`${sight} by ${name}`, () => countOf(program, mark) > before);
    await program.waitForText("★ node 3 · term 8");
    return;
  }
  if (seen(program, sight)) throw new Error(`${name}: seen before it was pressed\n${program.screen.text()}`);
  program.type(codeOf(key));
  await program.waitUntil(name, () => seen(program, sight));
};

const start = async (wish: string, columns = 120, rows = 40): Promise<PtyProgram> => {
  const program = spawnOnPty(process.execPath, [fixture, wish], { columns, rows });
  await program.waitForText("★ node 3 · term 8");
  return program;
};

/** The keys of a line that is typed; `line` recognises it by what is in it. */
const edits = (
  room: string,
  open: readonly (readonly [keys: string, shows: RegExp])[],
  line: (text: string) => RegExp,
): readonly Step[] => [
  step(room, "left", line("ab▏c"), ...open, ["abc", line("abc▏")]),
  step(room, "ctrl-b", line("a▏bc")),
  step(room, "right", line("ab▏c")),
  step(room, "ctrl-f", line("abc▏")),
  step(room, "home", line("▏abc")),
  step(room, "end", line("abc▏")),
  step(room, "ctrl-a", line("▏abc")),
  step(room, "delete", line("▏bc")),
  step(room, "ctrl-e", line("bc▏")),
  step(room, "backspace", line("b▏")),
  step(room, "ctrl-w", line("x ▏"), [" \u0015x yy", line("x yy▏")]),
  step(room, "ctrl-u", line("▏")),
];

const inPanes: readonly Step[] = [
  step("nodes", "j", /›▲/, ["", /›●/]),
  step("nodes", "down", /›■/),
  step("nodes", "k", /›▲/),
  step("nodes", "up", /›●/),
  step("nodes", "G", /›■/),
  step("nodes", "g", /›●/),
  step("nodes", "end", /›■/),
  step("nodes", "home", /›●/),
  step("nodes", "enter", /only ● 1/),
  step("everywhere", "escape", hides(/only ● 1/)),
  step("everywhere", "tab", /╭─›2 Load/),
  step("everywhere", "shift-tab", /╭─›1 Nodes/),
  ...[2, 4, 5, 6, 7, 8, 9, 1].map((number) => step("everywhere", `${number}`, new RegExp(`╭─›${number} `))),
  step("everywhere", "3", /alice> ▏/),
  step("prompt", "escape", /3 to type here/),
  step("everywhere", "left", /PAST/, ["1", /╭─›1 Nodes/]),
  step("everywhere", "right", hides(/PAST/)),
  step("everywhere", "p", /paused at/),
  step("everywhere", "z", hides(/2 Load/), ["p", /· live/]),
  step("everywhere", "r", /charts of 1 min/, ["z", /2 Load/]),
  step("everywhere", "n", /nothing is searched for/, ["4", /╭─›4 Log/]),
  step("everywhere", "N", /nothing is searched for/, ["1", /j move/]),
  step("everywhere", "l", /warn and above/),
  step("everywhere", "f", /below, f follows/, ["lll", /info and above/]),
  step("everywhere", "pagedown", /following/, ["\u001b[5~", /[1-9]\d* below, f follows/]),
  step("everywhere", "pageup", /[1-9]\d* below, f follows/),
  step("everywhere", "ctrl-d", /following/),
  step("everywhere", "ctrl-u", /[1-9]\d* below, f follows/),
  step("everywhere", ":", / :▏/, ["f", /following/]),
  step("everywhere", "s", /search: ▏/, ["\u001b", /a act/]),
  step("everywhere", "/", /filter: ▏/, ["\u001b", /a act/]),
  step("everywhere", "a", /Node 1 {2}Enter or the letter/, ["\u001b", /a act/]),
  step("everywhere", "?", /leave the console/, ["\u001b", /a act/]),
  step("everywhere", "ctrl-l", "redraws", ["?", /a act/]),
  step("everywhere", "ctrl-z", "redraws"),
  step("everywhere", "q", "quits"),
  step("everywhere", "ctrl-c", "quits"),
];

const inLog: readonly Step[] = [
  step("log", "k", /1 below, f follows/, ["4", /╭─›4 Log/]),
  step("log", "up", /2 below, f follows/),
  step("log", "j", /1 below, f follows/),
  step("log", "down", /following/),
  step("log", "g", /1[0-9] below, f follows/),
  step("log", "G", /following/),
  step("log", "home", /1[0-9] below, f follows/),
  step("log", "end", /following/),
  step("log", "[", /›.*★?.*Node 3: I am the new leader/),
  step("log", "]", /no event after that/),
  step("log", "o", /only ● 1/, ["G", /following/]),
  step("log", "c", /c closes/, ["ooo", /info and above · 30/]),
  step("copy", "k", /29 of 30/),
  step("copy", "up", /28 of 30/),
  step("copy", "j", /29 of 30/),
  step("copy", "down", /30 of 30/),
  step("copy", "g", /1 of 30/),
  step("copy", "G", /30 of 30/),
  step("copy", "home", /1 of 30/),
  step("copy", "end", /30 of 30/),
  step("copy", "pageup", /1 of 30/),
  step("copy", "pagedown", /30 of 30/),
  step("copy", "ctrl-u", /1 of 30/),
  step("copy", "ctrl-d", /30 of 30/),
  step("copy", "c", hides(/c closes/)),
  step("copy", "escape", hides(/c closes/), ["c", /c closes/]),
  step("copy", "q", "quits", ["c", /c closes/]),
  step("copy", "ctrl-c", "quits", ["4c", /c closes/]),
  step("events", "k", /›.*quorum again/, ["5", /╭─›5 Events/]),
  step("events", "up", /›.*node 3 started/),
  step("events", "j", /›.*quorum again/),
  step("events", "down", /›.*node 3 leads/),
  step("events", "g", /›.*node 1 started/),
  step("events", "G", /›.*node 3 leads/),
  step("events", "home", /›.*node 1 started/),
  step("events", "end", /›.*node 3 leads/),
  step("events", "enter", /╭─›4 Log {2}.*below/),
];

const inFields: readonly Step[] = [
  ...edits("field", [["/", /filter: ▏/]], (text) => new RegExp(` filter: ${text} `)),
  step("field", "tab", /regex: ▏/),
  step("field", "enter", hides(/filter: notes▏/), ["\tnotes", /filter: notes▏/]),
  step("field", "escape", hides(/\/notes/), ["/", /filter: notes▏/]),
  step("field", "ctrl-c", "quits", ["/", /filter: ▏/]),
  ...edits("command", [[":", / :▏/]], (text) => new RegExp(`^ :${text} `, "m")),
  step("command", "tab", /mouse {2}move-lead {2}mend/, ["m", / :m▏/]),
  step("command", "enter", /╭─›8 Risk/, ["\u0015go risk", / :go risk▏/]),
  step("command", "up", / :go risk▏/, [":", / :▏/]),
  step("command", "down", / :▏/),
  step("command", "ctrl-p", / :go risk▏/),
  step("command", "ctrl-n", / :▏/),
  step("command", "escape", hides(/ :▏/)),
  step("command", "ctrl-c", "quits", [":", / :▏/]),
  step("menu", "down", /› d {2}drain/, ["a", /› l {2}move-lead/]),
  step("menu", "up", /› l {2}move-lead/),
  step("menu", "enter", /^ move-lead node 1\?/m),
  step("ask", "n", /nothing was done/),
  step("ask", "escape", /nothing was done/, ["ak", /^ kill node 1\?/m]),
  step("ask", "enter", /nothing was done/, ["ak", /^ kill node 1\?/m]),
  step("ask", "y", /kill node 1: done/, ["ak", /^ kill node 1\?/m]),
  step("menu", "escape", hides(/Enter or the letter/), ["a", /Enter or the letter/]),
  step("menu", "a", hides(/Enter or the letter/), ["a", /Enter or the letter/]),
  step("menu", "ctrl-c", "quits", ["a", /Enter or the letter/]),
  step("ask", "ctrl-c", "quits", ["ak", /^ kill node 1\?/m]),
];

const inHelp: readonly Step[] = [
  step("help", "j", hides(/│ Everywhere/), ["?", /│ Everywhere/]),
  step("help", "k", /│ Everywhere/),
  step("help", "down", hides(/│ Everywhere/)),
  step("help", "up", /│ Everywhere/),
  step("help", "pagedown", hides(/│ Everywhere/)),
  step("help", "pageup", /│ Everywhere/),
  step("help", "ctrl-d", hides(/│ Everywhere/)),
  step("help", "ctrl-u", /│ Everywhere/),
  step("help", "ctrl-z", "redraws"),
  step("help", "?", hides(/│ Everywhere/)),
  step("help", "escape", hides(/│ Everywhere/), ["?", /│ Everywhere/]),
  step("help", "q", "quits", ["?", /│ Everywhere/]),
  step("help", "ctrl-c", "quits", ["?", /│ Everywhere/]),
];

const inClient: readonly Step[] = [
  ...edits("prompt", [["3", /alice> ▏/]], (text) => new RegExp(`alice> ${text} `)),
  step("prompt", "tab", /alice> wa!▏/, ["wa", /alice> wa▏/]),
  step("prompt", "enter", /line 59/, ["\u0015many", /alice> many▏/]),
  step("prompt", "up", /alice> many▏/),
  step("prompt", "ctrl-p", /alice> list▏/),
  step("prompt", "down", /alice> many▏/),
  step("prompt", "ctrl-n", /alice> ▏/),
  step("prompt", "pageup", /below: PgDn/),
  step("prompt", "pagedown", hides(/below: PgDn/)),
  step("prompt", "ctrl-c", /alice> ▏/, ["x", /alice> x▏/]),
  step("prompt", "ctrl-z", "redraws"),
  step("prompt", "ctrl-d", /3 to type here/),
  step("client", "k", /1 below: G/),
  step("client", "up", /2 below: G/),
  step("client", "j", /1 below: G/),
  step("client", "down", hides(/below: G/)),
  step("client", "g", /6\d below: G/),
  step("client", "G", hides(/below: G/)),
  step("client", "home", /6\d below: G/),
  step("client", "end", hides(/below: G/)),
  step("client", "pageup", /[1-9]\d? below: G/),
  step("client", "pagedown", hides(/below: G/)),
  step("client", "ctrl-u", /[1-9]\d? below: G/),
  step("client", "ctrl-d", hides(/below: G/)),
  step("client", "enter", /alice> ▏/),
  step("prompt", "ctrl-o", / a drawing .* any key leads back/, ["draw\r", /▀▀[\s\S]* a drawing/]),
  step("picture", "escape", hides(/any key leads back/)),
  step("client", "v", / a drawing .* any key leads back/, ["\u001b", /3 to type here/]),
  step("client", "V", / an album .* any key leads back/, ["x", /3 to type here/]),
  step("picture", "ctrl-c", "quits"),
];

/** Nine nodes on a small screen: more lines than rows, `more` of them. */
const inLists: readonly Step[] = (
  [
    ["beats", "6 Beats", 6],
    ["traffic", "7 Traffic", 21],
    ["risk", "8 Risk", 4],
    ["transfers", "9 Transfers", 13],
  ] as const
).flatMap(([room, title, more]): readonly Step[] => {
  const below = (count: number) => new RegExp(`╭─›${title} .*\\b${count} more: j`);
  const above = new RegExp(`╭─›${title} .*\\b${more} above: k`);
  return [
    step(room, "j", below(more - 1), [title.slice(0, 1), below(more)]),
    step(room, "down", below(more - 2)),
    step(room, "k", below(more - 1)),
    step(room, "up", below(more)),
    step(room, "G", above),
    step(room, "g", below(more)),
    step(room, "end", above),
    step(room, "home", below(more)),
  ];
});

const inLeave: readonly Step[] = [
  step("leave", "escape", hides(/Leave node 1\?/), ["q", /Leave node 1\?/]),
  step("leave", "s", "quits", ["q", /Leave node 1\?/]),
  step("leave", "q", "quits", ["q", /Leave node 1\?/]),
  step("leave", "ctrl-c", "quits", ["q", /Leave node 1\?/]),
  step("leave", "b", "quits", ["q", /Leave node 1\?/]),
];

const scenarios = [
  { name: "in the panes", wish: "again", steps: inPanes },
  { name: "in log, events and the copy view", wish: "again", steps: inLog },
  { name: "in fields, menus and questions", wish: "again", steps: inFields },
  { name: "in the help", wish: "again", steps: inHelp },
  { name: "at the client", wish: "again", steps: inClient },
  { name: "in lists that are longer than their pane", wish: "again-nine", steps: inLists, size: [80, 24] },
  { name: "when leaving a server", wish: "again-server", steps: inLeave },
] as const;

afterEach(endPrograms);

describe("every key does what the table says", () => {
  test.each(scenarios)("$name", async ({ wish, steps, ...more }) => {
    const [columns, rows] = "size" in more ? more.size : [120, 40];
    const program = await start(wish, columns, rows);
    for (const each of steps) await take(program, each);
  });

  test("and none is left out", () => {
    const pressed = new Set(
      scenarios.flatMap(({ steps }) => steps.map(({ room, key }) => `${key} in ${room}`)),
    );
    const all = bindings.flatMap(({ room, keys }) => keys.map((key) => `${key} in ${room}`));
    expect(all.filter((each) => !pressed.has(each))).toEqual([]);
  });
});
