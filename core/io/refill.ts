/**
 * Performs what `decide/refill.ts` decides: pulls the records of the others until this disk knows what they know. Its
 * copies of images come later, by repair, when the node votes and answers again.
 */
import { majorityOf } from "../model/config.ts";
import type { NodeId } from "../model/ids.ts";
import { after } from "../model/units.ts";
import { firstGood } from "./first-good.ts";
import type { Freshness } from "./freshness.ts";
import { type NodeContext, readyPeers } from "./node-context.ts";
import type { RecordsProgress } from "./overview.ts";

export interface Refill {
  /** Begins; calls `onDone` once. */
  start(): void;
  /** How far the records are; null before it has begun. */
  progress(): ReturnType<RecordsProgress>;
  /** The nodes that it needs and does not hear, or whose disks are not in order; empty while it goes on. */
  readonly waitingFor: readonly NodeId[];
  stop(): void;
}

const lookMs = 100;

export const createRefill = (context: NodeContext, freshness: Freshness, acceptLoss: boolean): Refill => {
  const { clock, driver, config, self, log } = context;
  const nodes = config.servers.length;
  const rules = {
    nodes,
    majority: majorityOf(nodes),
    electionTimeoutMs: config.timings.electionTimeoutMs,
    acceptLoss,
  };
  const startedAt = clock.monotonic();
  const peers = config.servers.map(({ id }) => id).filter((id) => id !== self);
  let running = false;
  let stopped = false;
  let waitingFor: readonly NodeId[] = [];

  const wait = (missing: readonly NodeId[]): Promise<void> => {
    waitingFor = missing;
    return new Promise((resolve) => clock.at(after(clock.monotonic(), lookMs), resolve));
  };

  const run = async (): Promise<void> => {
    while (!stopped) {
      const disks = driver.peerDisks();
      const sources = readyPeers(context).flatMap((node) => {
        const disk = disks.get(node);
        return disk === undefined ? [] : [{ node, heardAt: disk.heardAt }];
      });
      const step = context.rules.refillStep(sources, peers, startedAt, clock.monotonic(), rules);
      if (step.kind === "wait") {
        await wait(step.for);
        continue;
      }
      waitingFor = [];
      const pulled = await firstGood(step.from.map(freshness.pull), step.needed);
      // Who has something dated far ahead of our clock has not told all; an operator may give that up like the rest.
      const inPart = pulled.faults.filter(({ code }) => code === "CLOCK_AHEAD").length;
      const told = pulled.good + (acceptLoss ? inPart : 0);
      if (told >= step.needed && step.last) return done();
      await wait([]);
    }
  };

  const done = (): void => {
    if (stopped) return;
    log({ kind: "disk.refilled", records: context.store.feedHead, ms: clock.monotonic() - startedAt });
    driver.reportRefilled();
  };

  return {
    start: () => {
      if (running) return;
      running = true;
      void run();
    },
    progress: () => (running ? progressOf(context, freshness.pulledBytes) : null),
    get waitingFor() {
      return waitingFor;
    },
    stop: () => {
      stopped = true;
    },
  };
};

/** By what share of the sources' feeds is here, and the bytes that this share had. */
const progressOf = ({ driver }: NodeContext, doneBytes: number): ReturnType<RecordsProgress> => {
  let done = 0;
  let total = 0;
  const pulled = driver.state().pulled;
  for (const [node, disk] of driver.peerDisks()) {
    if (!disk.ready) continue;
    const cursor = pulled.get(node);
    total += disk.feedHead;
    if (cursor?.store === disk.store) done += Math.min(cursor.upTo, disk.feedHead);
  }
  return { doneBytes, totalBytes: done === 0 ? doneBytes : Math.round((doneBytes * total) / done) };
};
