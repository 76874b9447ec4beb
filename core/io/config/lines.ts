/**
 * On which line of a TOML text each table and key stands.
 *
 * The parser gives values without their places, and a complaint without a line makes people search. This
 * reads only as much TOML as that needs: headers, keys, and the ends of texts over several lines. The text has
 * been parsed before, so what stands here is known to be well formed.
 */

/** Lines from 1, by `table` and by `table.key`. */
export type Lines = ReadonlyMap<string, number>;

const header = /^\s*\[{1,2}([^[\]]+)\]{1,2}/;
const assignment = /^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$/;
const keyPart = /[\w-]+|"[^"]*"|'[^']*'/g;

export const linesOf = (toml: string): Lines => {
  const lines = new Map<string, number>();
  const note = (path: readonly string[], line: number) => {
    // `[a.b]` and `a.b.c = 1` also make the tables above them.
    for (let depth = 1; depth <= path.length; depth++) {
      const key = path.slice(0, depth).join(".");
      if (!lines.has(key)) lines.set(key, line);
    }
  };
  let table: readonly string[] = [];
  let openQuotes: string | null = null;
  for (const [index, text] of toml.split("\n").entries()) {
    if (openQuotes !== null) {
      if (text.includes(openQuotes)) openQuotes = null;
      continue;
    }
    const opened = header.exec(text)?.[1];
    const assigned = assignment.exec(text);
    if (opened !== undefined) {
      table = partsOf(opened);
      note(table, index + 1);
    } else if (assigned?.[1] !== undefined) {
      note([...table, ...partsOf(assigned[1])], index + 1);
      openQuotes = unclosedQuotes(assigned[2] ?? "");
    }
  }
  return lines;
};

/** The line of the most precise of `table.key`, `table`, and the file's beginning. */
export const lineOf = (lines: Lines, table: string, key: string | null): number =>
  (key === null ? undefined : lines.get(`${table}.${key}`)) ?? lines.get(table) ?? 1;

const partsOf = (key: string): readonly string[] =>
  [...key.matchAll(keyPart)].map(([part]) => part.replace(/^(["'])(.*)\1$/, "$2"));

const unclosedQuotes = (value: string): string | null =>
  ['"""', "'''"].find((quotes) => value.split(quotes).length === 2) ?? null;
