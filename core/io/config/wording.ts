/** How a complaint shows what it got, and guesses what was meant. */

const gotLengthMax = 60;

/** A value as TOML would write it, shortened: `"127.0.0.1"`, `5`, `a list`. */
export const gotOf = (value: unknown): string => {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object") return "a table";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= gotLengthMax ? text : `${text.slice(0, gotLengthMax)}…`;
};

/** `, did you mean heartbeat_ms?` when one of `names` is near enough to `word`, else nothing. */
export const suggestionFor = (word: string, names: readonly string[]): string => {
  const nearest = nearestOf(word, names);
  return nearest === null ? "" : `, did you mean ${nearest}?`;
};

/** The one of `names` that `word` was probably meant to be: at least half of it must be right. Else null. */
export const nearestOf = (word: string, names: readonly string[]): string | null => {
  const lower = word.slice(0, gotLengthMax).toLowerCase();
  const [nearest] = names
    .map((name) => ({ name, distance: editDistance(lower, name) }))
    .sort((one, other) => one.distance - other.distance);
  if (nearest === undefined) return null;
  const { name, distance } = nearest;
  const half = Math.floor(Math.max(lower.length, name.length) / 2);
  return distance <= Math.min(half, Math.max(2, Math.floor(name.length / 3))) ? name : null;
};

/** Levenshtein: fewest letters to insert, remove or replace. */
export const editDistance = (one: string, other: string): number => {
  let previous = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...one].entries()) {
    const current = [row + 1];
    for (const [column, otherLetter] of [...other].entries()) {
      const replaced = (previous[column] ?? 0) + (letter === otherLetter ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
};
