/**
 * What this node tells the operators who watch it: each log entry once, and its state when it changes.
 *
 * The newest entries are remembered, so that a console that is opened in the middle of a night shows how it came
 * to this, and one whose connection broke goes on where it was. A watcher has a queue of its own with a bound;
 * what does not fit is dropped and counted. So a slow watcher costs memory once, and nobody waits for it.
 */
import { type Event, type Level, levelOf } from "../model/events.ts";
import { newsWaitingMax } from "../model/limits.ts";
import type { WatchedEntry } from "../model/messages.ts";
import type { WallMs } from "../model/units.ts";

export interface NewsDesk {
  tell(event: Event, at: WallMs): void;
  /** Leader, term or somebody's standing has changed. */
  changed(): void;
  /** From where somebody stopped who had followed this process, or from the oldest that is remembered. */
  follow(after: number, wake: Wake): Follower;
  readonly followers: number;
}

/** Called when there is something to take, and when the state has changed. */
export type Wake = (what: "entry" | "change") => void;

export interface Follower {
  /** At most `entriesMax` of what waits, oldest first, and how many before them were dropped. */
  take(entriesMax: number): { readonly entries: readonly WatchedEntry[]; readonly skipped: number };
  readonly waiting: boolean;
  stop(): void;
}

/** What is told only while one listens: it is much, and old details help nobody. */
const passing: ReadonlySet<Level> = new Set<Level>(["debug"]);

interface Queue {
  readonly wake: Wake;
  entries: WatchedEntry[];
  skipped: number;
}

export const createNewsDesk = (): NewsDesk => {
  let remembered: WatchedEntry[] = [];
  let number = 0;
  const queues = new Set<Queue>();

  const put = (queue: Queue, entry: WatchedEntry): void => {
    queue.entries.push(entry);
    if (queue.entries.length <= newsWaitingMax) return;
    queue.entries.shift();
    queue.skipped++;
  };

  return {
    tell: (event, at) => {
      number++;
      const entry: WatchedEntry = { number, at, level: levelOf(event), event };
      if (!passing.has(entry.level)) remembered.push(entry);
      // Cut seldom, so that each entry costs little.
      if (remembered.length > 2 * newsWaitingMax) remembered = remembered.slice(-newsWaitingMax);
      for (const queue of queues) {
        put(queue, entry);
        queue.wake("entry");
      }
    },
    changed: () => {
      for (const queue of queues) queue.wake("change");
    },
    follow: (after, wake) => {
      const missed = remembered.filter((entry) => entry.number > after);
      const queue: Queue = { wake, entries: missed.slice(-newsWaitingMax), skipped: 0 };
      queues.add(queue);
      return {
        take: (entriesMax) => {
          const taken = { entries: queue.entries.slice(0, entriesMax), skipped: queue.skipped };
          queue.entries = queue.entries.slice(entriesMax);
          queue.skipped = 0;
          return taken;
        },
        get waiting() {
          return queue.entries.length > 0;
        },
        stop: () => queues.delete(queue),
      };
    },
    get followers() {
      return queues.size;
    },
  };
};
