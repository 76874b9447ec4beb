/**
 * What a filter of the log lets through, and which parts of a line it found.
 *
 * A filter is a text, or a regular expression, and `!` before either turns it round. Letter case never matters. A
 * regular expression that is not one yet (one is still typing it) lets everything through, and says so.
 */

export interface Filter {
  readonly text: string;
  readonly regex: boolean;
}

export const noFilter: Filter = { text: "", regex: false };
export const isFiltering = ({ text }: Filter): boolean => text !== "" && text !== "!";

/** From where to where, in characters. */
export type Span = readonly [from: number, to: number];

export interface Matcher {
  readonly lets: (text: string) => boolean;
  /** What to mark; nothing for a filter that is turned round. */
  readonly spans: (text: string) => readonly Span[];
  /** Why the regular expression is none; null when all is well. */
  readonly problem: string | null;
}

const letsAll: Matcher = { lets: () => true, spans: () => [], problem: null };

/** Those that were made last: each row of the log asks for the same two. */
const made = new Map<string, Matcher>();
const madeMax = 16;

export const matcherOf = (filter: Filter): Matcher => {
  const key = `${filter.regex ? "regex" : "text"} ${filter.text}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  if (made.size >= madeMax) made.clear();
  const matcher = matcherFor(filter);
  made.set(key, matcher);
  return matcher;
};

const matcherFor = (filter: Filter): Matcher => {
  if (!isFiltering(filter)) return letsAll;
  const inverse = filter.text.startsWith("!");
  const wanted = inverse ? filter.text.slice(1) : filter.text;
  const pattern = filter.regex ? wanted : wanted.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  try {
    const test = new RegExp(pattern, "i");
    const all = new RegExp(pattern, "gi");
    return {
      lets: (text) => test.test(text) !== inverse,
      spans: (text) => (inverse ? [] : spansOf(all, text)),
      problem: null,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...letsAll, problem: reason.slice(reason.lastIndexOf(": ") + 1).trim() };
  }
};

const spansMax = 50;

const spansOf = (all: RegExp, text: string): readonly Span[] => {
  const spans: Span[] = [];
  for (const match of text.matchAll(all)) {
    if (match[0] !== "") spans.push([match.index, match.index + match[0].length]);
    if (spans.length >= spansMax) break;
  }
  return spans;
};
