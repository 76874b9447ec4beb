/**
 * The progress bar: one line on standard error, drawn over itself, only on a terminal.
 */
import { systemClock } from "../../core/io/clock.ts";
import { sayBytes } from "../../core/model/faults.ts";
import { cutText, printable } from "../../ui/model/line.ts";

export interface Progress {
  /** `item`, called `name`, has given `bytes` of `total` to the network. Two items may have one name. */
  show(item: object, name: string, bytes: number, total: number): void;
  /** Takes the item out, and the line away until the next `show`. */
  done(item: object): void;
  /** Takes the line away until the next `show`: something else wants to stand there. */
  clear(): void;
}

/** Where nobody watches. */
export const noProgress: Progress = { show: () => undefined, done: () => undefined, clear: () => undefined };

const drawMs = 50;
const barCells = 24;

export const createProgress = (stream: NodeJS.WriteStream): Progress => {
  if (stream.isTTY !== true) return noProgress;
  const clock = systemClock();
  const active = new Map<object, Active>();
  let drawnAt = 0;
  let drawn = false;
  const clear = (): void => {
    if (drawn) stream.write("\r\x1b[K");
    drawn = false;
  };
  const draw = (): void => {
    drawnAt = clock.monotonic();
    stream.write(`\r\x1b[K${lineOf([...active.values()], drawnAt, stream.columns ?? 80)}`);
    drawn = true;
  };
  return {
    show: (item, name, bytes, total) => {
      active.set(item, { name, bytes, total, since: active.get(item)?.since ?? clock.monotonic() });
      if (clock.monotonic() - drawnAt >= drawMs) draw();
    },
    done: (item) => {
      active.delete(item);
      clear();
    },
    clear,
  };
};

interface Active {
  readonly name: string;
  readonly bytes: number;
  readonly total: number;
  readonly since: number;
}

/** `cat.jpg  ███████░░░  68 %  1.2 MB/s`; several files at once count as one. */
const lineOf = (items: readonly Active[], now: number, columns: number): string => {
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  const total = items.reduce((sum, item) => sum + item.total, 0);
  const seconds = Math.max(0.001, (now - Math.min(...items.map((item) => item.since))) / 1000);
  const share = total === 0 ? 0 : bytes / total;
  const full = Math.round(share * barCells);
  const bar = "█".repeat(full) + "░".repeat(barCells - full);
  const label = items.length === 1 ? printable(items[0]?.name ?? "") : `${items.length} files`;
  const rest = `  ${bar}  ${String(Math.floor(share * 100)).padStart(3)} %  ${sayBytes(bytes / seconds)}/s`;
  return cutText(label, Math.max(8, columns - rest.length - 1)) + rest;
};
