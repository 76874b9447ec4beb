/**
 * Takes the mouse's reports out of what is typed.
 *
 * Ink drops them, as it should with what it does not know. So it is given a standard input from which they have been
 * read already. A report may come in two pieces; its beginning waits for the rest, which follows at once.
 */
import type { MouseDeed } from "./model/mouse.ts";

/** Xterm's SGR form: button, column and row from 1, and M for a press or m for a release. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what terminals send
const reports = /\u001b\[<(\d+);(\d+);(\d+)([Mm])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the same, not whole yet
const beginning = /\u001b\[<[\d;]*$/;

/** What a report says, or null for buttons and releases that mean nothing here. */
export const deedOf = (button: string, column: string, row: string, end: string): MouseDeed | null => {
  const at = { column: Number(column) - 1, row: Number(row) - 1 };
  if (end !== "M") return null;
  if (button === "64") return { what: "wheel-up", ...at };
  if (button === "65") return { what: "wheel-down", ...at };
  return button === "0" ? { what: "press", ...at } : null;
};

/** Splits each chunk: gives the deeds, in order, to `onDeed`, and returns what else was in it. */
export const reportFilter = (onDeed: (deed: MouseDeed) => void): ((chunk: string) => string) => {
  let waiting = "";
  return (chunk) => {
    const text = (waiting + chunk).replace(
      reports,
      (_, button: string, column: string, row: string, end: string) => {
        const deed = deedOf(button, column, row, end);
        if (deed !== null) onDeed(deed);
        return "";
      },
    );
    waiting = beginning.exec(text)?.[0] ?? "";
    return text.slice(0, text.length - waiting.length);
  };
};

/** The same terminal, whose reads are free of reports. */
export const withoutReports = (
  stdin: NodeJS.ReadStream,
  onDeed: (deed: MouseDeed) => void,
): NodeJS.ReadStream => {
  const filter = reportFilter(onDeed);
  const read = (): string | null => {
    const chunk: string | Buffer | null = stdin.read();
    return chunk === null ? null : filter(String(chunk));
  };
  return new Proxy(stdin, {
    get: (target, name) => {
      if (name === "read") return read;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
};
