/**
 * One run: a cluster, a plan of faults drawn from the seed, a healing, and the promises that must hold after
 * it. Throws `Violation` when an invariant breaks; the seed then tells the same story again.
 */

import { stableWindowsMax } from "../../core/decide/node.ts";
import type { Machine } from "../../core/io/driver.ts";
import type { Timings } from "../../core/model/config.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { Counters } from "./counters.ts";
import { plagueFor } from "./faults.ts";
import { calm } from "./network.ts";
import { Violation } from "./oracle.ts";
import { createRandom, type Random } from "./random.ts";
import { noMutation, World } from "./world.ts";

export interface RunOptions {
  readonly seed: number;
  readonly nodes: number;
  /** Virtual milliseconds; the faults end at seven tenths of it. */
  readonly durationMs?: number;
  readonly machine?: Machine;
  /** Judge by the harm done, not by the laws broken on the way. */
  readonly byHarmAlone?: boolean;
  readonly tell?: (atMs: number, sentence: string) => void;
}

export const runMsDefault = 20_000;
const faultyShare = 0.7;
/** Every so many seeds, messages go through the real codec. */
const wireEvery = 200;
const askedAfterMs = [5, 15, 40, 100];
/** Every so many seeds end with a hand-over to a node that dies. */
const examEvery = 8;

export const runSeed = (options: RunOptions): Counters => {
  const { seed, nodes, durationMs = runMsDefault, machine = noMutation, tell = null } = options;
  const random = createRandom(seed * 16 + nodes);
  const timings = timingsFrom(random);
  let killSuccessor = false;
  const world: World = new World({
    nodes,
    timings,
    random,
    overWire: seed % wireEvery === 0,
    byHarmAlone: options.byHarmAlone ?? false,
    machine,
    tell,
    // While another still believes that it leads, clients ask.
    onLeader: () => {
      for (const inMs of askedAfterMs) world.scheduler.at(world.now() + inMs, () => world.offer());
    },
    onHandover: (to) => {
      world.scheduler.at(world.now() + random.between(0, 2), () => world.offer());
      if (killSuccessor) world.crash(to);
    },
  });
  try {
    for (const id of world.ids) world.scheduler.at(random.between(0, 200), () => world.start(id));
    offersFor(world);
    plagueFor(world);
    world.scheduler.run(faultyShare * durationMs);
    recover(world, timings, durationMs);
    if (nodes >= 3 && seed % examEvery === 0) {
      killSuccessor = true;
      examineHandover(world, timings);
    }
  } catch (error) {
    if (error instanceof Violation)
      error.message = `seed ${seed}, ${nodes} nodes, at ${Math.round(world.now())} ms: ${error.message}`;
    throw error;
  }
  return world.counters;
};

/** Slower clusters are as valid, and cheaper to simulate; the relations between the timings are the same. */
const timingsFrom = (random: Random): Timings => {
  const factor = random.pick([1, 2, 3, 4]);
  return {
    heartbeatMs: 50 * factor,
    electionTimeoutMs: 300 * factor,
    rankStepMs: 60 * factor,
    jitterMsMax: 30 * factor,
    leaseMs: 200 * factor,
    stableWindowMs: random.pick([200, 500, 1_000]),
  };
};

const offersFor = (world: World): void => {
  const next = (): void => {
    world.offer();
    world.scheduler.at(world.now() + world.random.between(30, 450), next);
  };
  next();
};

const recover = (world: World, timings: Timings, durationMs: number): void => {
  const healedAt = world.now();
  world.network.setWeather(calm);
  world.heal();
  awaitLeader(world, timings, "healing");
  settle(world, timings, healedAt, durationMs);
};

/** Runs on for as long as DESIGN §5 gives an election, and looks for a leader that acts. */
const awaitLeader = (world: World, timings: Timings, after: string): void => {
  const sinceMs = world.now();
  // 2T + N × rank step + jitter + four round trips, by the slowest clock.
  const boundMs =
    (2 * timings.electionTimeoutMs +
      world.ids.length * timings.rankStepMs +
      timings.jitterMsMax +
      8 * calm.delayMsMax) *
    1.02;
  while (world.actingLeaders().length === 0 && world.now() - sinceMs < boundMs)
    world.scheduler.run(world.now() + timings.heartbeatMs / 10);
  if (world.actingLeaders().length === 0)
    throw new Violation("elects", `nobody leads ${Math.round(boundMs)} ms after ${after}`);
};

/** Runs to the end, and on until the highest id leads or has had all the time that it may need. */
const settle = (world: World, timings: Timings, healedAt: number, endMs: number): void => {
  const windowMs = timings.stableWindowMs * stableWindowsMax;
  const deadlineMs = healedAt + windowMs + 10 * timings.electionTimeoutMs;
  let untilMs = endMs;
  world.scheduler.run(untilMs);
  while (disagreement(world) !== null && untilMs < deadlineMs) {
    untilMs += 500;
    world.scheduler.run(untilMs);
  }
  const problem = disagreement(world);
  if (problem !== null) throw new Violation("highestLeads", problem);
};

const disagreement = (world: World): string | null => {
  const highest = world.ids.at(-1) as NodeId;
  const acting = world.actingLeaders();
  if (acting.length !== 1 || acting[0] !== highest) return `leaders are [${acting}], not node ${highest}`;
  const term = world.driver(highest)?.state().election.durable.term;
  for (const id of world.ids) {
    const state = world.driver(id)?.state();
    if (state?.election.leader !== highest || state.election.durable.term !== term)
      return `node ${id} takes ${state?.election.leader} of term ${state?.election.durable.term} for leader`;
    if (world.driver(id)?.live().length !== world.ids.length) return `node ${id} does not see everybody`;
  }
  return null;
};

/** A hand-over whose target dies on the spot costs one election, no more, and nobody has to come back for it. */
const examineHandover = (world: World, timings: Timings): void => {
  const highest = world.ids.at(-1) as NodeId;
  world.tell("* examined: the next successor will die as it is named");
  world.crash(highest);
  world.scheduler.run(world.now() + 5 * timings.electionTimeoutMs);
  world.start(highest);
  const handoversBefore = world.counters.handovers;
  const deadlineMs = world.now() + timings.stableWindowMs * stableWindowsMax + 10 * timings.electionTimeoutMs;
  while (world.counters.handovers === handoversBefore && world.now() < deadlineMs)
    world.scheduler.run(world.now() + timings.heartbeatMs / 10);
  if (world.isAlive(highest))
    throw new Violation("highestLeads", "the leader does not hand over to a steady higher id");
  awaitLeader(world, timings, "the successor died");
};
