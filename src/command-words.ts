/**
 * What was typed, put in the order that commander reads.
 *
 * The options that every command has may stand anywhere, so also before the command; and `help` before a command is
 * another way to say `--help` after it.
 */
import { bad, fault, good, type Result } from "../core/model/faults.ts";

/** An option, and what was given with it; null for one that stands alone. */
export type LeadingOption = readonly ["--json" | "--no-color" | "--config" | "--data", string | null];

export interface SplitWords {
  readonly options: readonly LeadingOption[];
  /** From the first word on that is no such option. */
  readonly rest: readonly string[];
}

/** Takes the options everywhere off the beginning. Errors: USAGE for one without its value. */
export const splitLeading = (words: readonly string[], see = "distinsta --help"): Result<SplitWords> => {
  const options: LeadingOption[] = [];
  for (let at = 0; at < words.length; at++) {
    const [flag = "", given] = (words[at] ?? "").split(/=(.*)/s, 2);
    if ((flag === "--json" || flag === "--no-color") && given === undefined) options.push([flag, null]);
    else if (flag === "--config" || flag === "--data") {
      const value = given ?? words[++at];
      if (value === undefined)
        return bad(fault("USAGE", { message: `${flag} needs a value`, hint: `see: ${see}` }));
      options.push([flag, value]);
    } else return good({ options, rest: words.slice(at) });
  }
  return good({ options, rest: [] });
};

/**
 * The words with the command first; `groups` are the commands that have commands of their own. Empty when there is no
 * command. Errors: USAGE.
 */
export const arrangeWords = (
  words: readonly string[],
  groups: readonly string[],
): Result<readonly string[]> => {
  const led = splitLeading(words);
  if (!led.ok) return led;
  const [first, ...others] = led.value.rest;
  const options = led.value.options.map(([flag, value]) => (value === null ? flag : `${flag}=${value}`));
  if (first === undefined) return good([]);
  if (first === "help") return good(asHelp(others));
  if (!groups.includes(first))
    return good(first.startsWith("-") ? [first, ...others] : [first, ...options, ...others]);
  const inner = arrangeWords(others, []);
  if (!inner.ok) return inner;
  const [second, ...more] = inner.value;
  if (second === undefined) return good([first]);
  return good([first, second, ...(second.startsWith("-") ? [] : options), ...more]);
};

/** `help client get` is about a word of the client, whoever that is. */
const asHelp = ([command, ...words]: readonly string[]): readonly string[] => {
  if (command === undefined) return ["--help"];
  if (command === "client" && words.length > 0) return [command, "user", ...words, "--help"];
  return [command, ...words, "--help"];
};
