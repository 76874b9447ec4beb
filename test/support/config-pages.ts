/**
 * The two texts that explain the configuration, made from the table of settings: the shipped `config.toml`
 * and `docs/configuration.md`. A test compares them with the files; `npm test -- config-pages -u` writes them.
 */
import { type Setting, sayNumber, settings, tableNames } from "../../core/io/config/settings.ts";

/** A recipient as an example: its identity was thrown away when it was made. */
export const exampleRecipient = "age152fvjajq9vue2mnyucm2y3g48dww6ucs6s86tzrt6jxjnzjl8y3qjnc2tq";

const tableTitles = {
  cluster: "Copies and election timings.",
  images: "What is done with images.",
  limits: "How much of anything one node takes. Other machines may have others.",
  storage: "Where a node keeps its images.",
} as const;

const timingLaw = [
  "1.1 × lease_ms + heartbeat_ms must be at most election_timeout_ms, 2 × heartbeat_ms at most lease_ms,",
  "jitter_ms_max at most rank_step_ms, and stable_window_ms at least election_timeout_ms.",
];

export const shippedConfig = (): string => {
  const lines = [
    "# The cluster: the same file on every machine. A line such as `# heartbeat_ms = 50` shows a default; take",
    "# its # away to change it. distinsta tells every problem in this file at once, each with its line.",
    "",
    "# The machines, one to nine. Ids come from the names and run without gaps; the highest leads. An address is",
    '# an IPv4 address, an IPv6 address in brackets ("[2001:db8::1]:8001") or a name, and a port from 1 to 65535:',
    "# the one under which the other machines and the clients reach that node.",
    "[servers]",
    ...[1, 2, 3].map((id) => `node${id} = "127.0.0.1:${8000 + id}"`),
  ];
  for (const table of tableNames) {
    lines.push("", ...commented([tableTitles[table]]), `[${table}]`);
    if (table === "cluster") lines.push(...commented(timingLaw));
    for (const [key, setting] of entriesOf(table)) {
      lines.push("", ...commented(wrap(`${setting.reason} ${boundsOf(setting)}`, 108)));
      lines.push(`# ${key} = ${written(setting.fallback ?? exampleRecipient)}`);
    }
  }
  return `${lines.join("\n")}\n`;
};

export const configurationPage = (): string => {
  const lines = [
    "# Configuration",
    "",
    "One file, `config.toml`, the same on all machines. It is looked up as `--config FILE`, else",
    "`<data>/config.toml`, else `./config.toml`. Only `[servers]` is needed:",
    "",
    "```toml",
    "[servers]",
    ...[1, 2, 3].map((id) => `node${id} = "127.0.0.1:${8000 + id}"`),
    "```",
    "",
    "One to nine nodes, `node1` to `node9` without gaps. An address is an IPv4 address, an IPv6 address in",
    'brackets (`"[2001:db8::1]:8001"`) or a name (RFC 1123), and a port from 1 to 65535; no two nodes share one.',
    "",
    "Machines compare cluster, `[servers]` and `replication` when they connect, and refuse each other where these",
    "differ. Everything else may differ between machines, and should not.",
    "",
    "Every problem in the file is told at once. A complaint is two lines, so on the command line they stand after one\n`error:`, with `;` between them; `distinsta doctor` says the same:",
    "",
    "```text",
    'line 3: [servers] node2: got "127.0.0.1", want "host:port" with a port from 1 to 65535',
    "line 7: [cluster] hartbeat_ms: no such key, did you mean heartbeat_ms?",
    "```",
  ];
  for (const table of tableNames) {
    lines.push("", `## [${table}]`, "", tableTitles[table], "");
    lines.push("| key | unit | default | accepted | why |", "| --- | --- | --- | --- | --- |");
    for (const [key, setting] of entriesOf(table)) {
      const fallback = setting.fallbackWords ?? `\`${written(setting.fallback)}\``;
      const cells = [`\`${key}\``, setting.unit || "–", fallback, setting.wants, setting.reason];
      lines.push(`| ${cells.join(" | ")} |`);
    }
    if (table === "cluster") lines.push("", ...timingPages);
  }
  return `${lines.join("\n")}\n`;
};

const timingPages = [
  "The timings must fit each other, or the file is refused with the numbers:",
  "",
  "- 1.1 × `lease_ms` + `heartbeat_ms` ≤ `election_timeout_ms`: a leader's lease is over, also by a clock that is",
  "  a tenth slow, before a voter helps to elect another;",
  "- 2 × `heartbeat_ms` ≤ `lease_ms`: one late heartbeat does not stop a leader;",
  "- `jitter_ms_max` ≤ `rank_step_ms`: chance does not outweigh the rank;",
  "- `stable_window_ms` ≥ `election_timeout_ms`: nobody hands over to a node that is already gone.",
  "",
  "The defaults suit one room or one data centre. Between cities, where a round trip takes some 100 ms:",
  "",
  "```toml",
  "[cluster]",
  "heartbeat_ms = 250",
  "election_timeout_ms = 2000",
  "rank_step_ms = 400",
  "jitter_ms_max = 200",
  "lease_ms = 1500",
  "stable_window_ms = 30_000",
  "```",
];

const entriesOf = (table: (typeof tableNames)[number]): readonly (readonly [string, Setting<unknown>])[] =>
  Object.entries<Setting<unknown>>(settings[table]);

const written = (value: unknown): string =>
  typeof value === "number" ? sayNumber(value) : JSON.stringify(value);

const boundsOf = (setting: Setting<unknown>): string => {
  const fallback = setting.fallbackWords ?? written(setting.fallback);
  return `Default: ${fallback}. Accepted: ${setting.wants}.`;
};

const commented = (lines: readonly string[]): readonly string[] => lines.map((line) => `# ${line}`);

const wrap = (text: string, width: number): readonly string[] => {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
};
