/**
 * How things are said to people, wherever they are said.
 */

/** Bytes for people: `1.5 MB`. Decimal units, as disks are sold. */
export const sayBytes = (bytes: number): string => {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  // What would be rounded to 1000 is 1.0 of the next unit.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${bytes} B` : `${value.toFixed(value < 9.95 ? 1 : 0)} ${units[unit]}`;
};

/** Names come from strangers, and a terminal obeys control characters: they are shown as `?`. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "?");

/** `node 2`, `nodes 1 and 3`, `nodes 1, 2 and 3`. */
export const sayNodes = (ids: readonly number[]): string => {
  const last = ids.at(-1);
  if (ids.length <= 1) return `node ${last ?? "?"}`;
  return `nodes ${ids.slice(0, -1).join(", ")} and ${last}`;
};
