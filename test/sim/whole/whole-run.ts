/**
 * One run of whole nodes: people at work, a plan of faults drawn from the seed, a healing, and a look at everything.
 * Throws `Broken` when a promise is; the seed then tells the same story again.
 */
import { realMachine } from "../../../core/io/driver.ts";
import { type Rules, realRules } from "../../../core/io/rules.ts";
import type { Timings } from "../../../core/model/config.ts";
import { idleGuestMsMax } from "../../../core/model/limits.ts";
import { createRandom, type Random } from "../random.ts";
import type { Parts } from "./host.ts";
import { Broken } from "./ledger.ts";
import { countExpired, isHealed, verify, verifyRecoverable } from "./verify.ts";
import type { WholeCounters } from "./whole-counters.ts";
import { type FaultName, plagueFor } from "./whole-faults.ts";
import { WholeWorld } from "./whole-world.ts";

/** What makes a run: the same again is the same story. */
export interface WholeRunOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Virtual milliseconds of faults; drawn from the seed when left out. */
  readonly durationMs?: number;
  /** All of them when left out. */
  readonly faults?: readonly FaultName[];
  /** Those that are drawn like the others and then left out. */
  readonly without?: readonly FaultName[];
  /** People share images with each other, too: other stories. */
  readonly sharing?: boolean;
  readonly parts?: Parts;
  readonly tell?: (atMs: number, sentence: string) => void;
}

/** Most runs are short: many beginnings find more than few long stories. */
export const durationsMs = [800, 800, 1_500, 3_000];
/** Healing must be over by then: refilling, repairing, erasing, comparing. */
const healMsMax = 60_000;
const replications = [1, 2, 3];
/** Every so many seeds, messages go through the real codec. */
const wireEvery = 50;

/** A run is short, so a tombstone is kept for less, and a connection rests for less: in production 40 s or more, and 15. */
export const shortRules: Rules = { ...realRules, tombstoneMs: () => 1_000 };

export const realParts: Parts = {
  machine: realMachine,
  rules: shortRules,
  rest: { guestMs: idleGuestMsMax, peerMs: 300 },
  disk: (disk) => disk,
  index: (index) => index,
  store: {},
  newSegmentId: (fresh) => fresh(),
};

export const runWholeSeed = async (options: WholeRunOptions): Promise<WholeCounters> => {
  const { seed, nodes, parts = realParts, tell = null } = options;
  const random = createRandom(seed * 16 + nodes);
  // Drawn in any case: the same chances are left for the rest.
  const drawnMs = random.pick(durationsMs);
  const durationMs = options.durationMs ?? drawnMs;
  const world = new WholeWorld({
    nodes,
    timings: timingsFrom(random),
    replication: random.pick(replications),
    random,
    overWire: seed % wireEvery === 0,
    sharing: options.sharing ?? false,
    parts,
    tell,
  });
  try {
    for (const id of world.ids) world.scheduler.at(random.between(0, 100), () => world.start(id));
    let working = true;
    for (const person of world.people) {
      world.begin(async () => {
        while (working) {
          await pause(world, random.between(5, 250));
          await person.act();
        }
      });
    }
    plagueFor(world, options.faults, options.without);
    await world.run(durationMs);
    await world.during(verifyRecoverable(world));
    world.heal();
    await world.run(world.now() + 500);
    working = false;
    await heal(world);
  } catch (error) {
    const where = `seed ${seed}, ${nodes} nodes, at ${Math.round(world.now())} ms`;
    if (error instanceof Broken) throw new Broken(error.promise, `${error.detail} (${where})`);
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    throw new Broken("ownBug", `${why} (${where})`);
  }
  return world.counters;
};

/** Runs on until everything is as it should be, or has had all the time that it may need. */
const heal = async (world: WholeWorld): Promise<void> => {
  const deadline = world.now() + healMsMax;
  for (const person of world.people) world.begin(async () => void (await person.list()));
  while (world.now() < deadline) {
    await world.run(world.now() + 500);
    world.tend();
    if (await world.during(isHealed(world))) break;
    if (world.now() >= deadline) await world.during(verify(world));
  }
  await world.during(countExpired(world));
};

const pause = (world: WholeWorld, ms: number): Promise<void> =>
  new Promise((resolve) => world.scheduler.at(world.now() + ms, resolve));

/** Slower clusters are as valid, and cheaper to simulate; the relations between the timings are the same. */
const timingsFrom = (random: Random): Timings => {
  const factor = random.pick([2, 4]);
  return {
    heartbeatMs: 50 * factor,
    electionTimeoutMs: 300 * factor,
    rankStepMs: 60 * factor,
    jitterMsMax: 30 * factor,
    leaseMs: 200 * factor,
    stableWindowMs: 600 * factor,
  };
};
