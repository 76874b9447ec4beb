/**
 * What the world does to a cluster: faults drawn from the seed, in a mood that is mild in some seeds and foul
 * in others. Leaders are hit more often than chance would, and restarts come within tens of milliseconds,
 * because that is when a forgotten vote matters.
 */
import type { NodeId } from "../../core/model/ids.ts";
import { calm, type Weather } from "./network.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Plans faults, one after the other, until the world is healed. */
export const plagueFor = (world: World): void => {
  const { random } = world;
  const pauseMs = random.pick([60, 150, 400, 1_000]);
  const baseline = random.pick(weathers);
  world.network.setWeather(baseline);
  const next = (): void => {
    strike(world, random, baseline);
    world.plan(random.between(0.2, 2) * pauseMs, next);
  };
  world.plan(random.between(100, 1_500), next);
};

const weathers: readonly Weather[] = [
  calm,
  { lossShare: 0.02, repeatShare: 0.02, delayMsMin: 0.5, delayMsMax: 20 },
  { lossShare: 0.1, repeatShare: 0.05, delayMsMin: 1, delayMsMax: 80 },
];

const storms: readonly Weather[] = [
  { lossShare: 0.3, repeatShare: 0.1, delayMsMin: 1, delayMsMax: 60 },
  { lossShare: 0.05, repeatShare: 0.2, delayMsMin: 1, delayMsMax: 400 },
  { lossShare: 0, repeatShare: 0, delayMsMin: 100, delayMsMax: 200 },
];

type Fault = (world: World, random: Random, victim: NodeId, baseline: Weather) => void;

const strike = (world: World, random: Random, baseline: Weather): void => {
  const leader = world.ids.find((id) => world.driver(id)?.state().election.role.kind === "leader");
  const victim = leader !== undefined && random.chance(0.4) ? leader : random.pick(world.ids);
  random.pick(faults)(world, random, victim, baseline);
};

const restartLater = (world: World, random: Random, id: NodeId): void => {
  const downMs = random.chance(0.6) ? random.between(10, 70) : random.between(70, 1_500);
  world.plan(downMs, () => world.start(id));
};

const crash: Fault = (world, random, victim) => {
  world.crash(victim);
  restartLater(world, random, victim);
};

const crashInMidStep: Fault = (world, random, victim) => {
  world.crashInMidStep(victim, random.whole(0, 12));
  // It falls within a heartbeat or two, and then somebody restarts it.
  const look = (): void => {
    if (!world.isAlive(victim)) restartLater(world, random, victim);
  };
  world.plan(400, look);
};

const crashAll: Fault = (world, random) => {
  for (const id of world.ids) crash(world, random, id, calm);
};

const freeze: Fault = (world, random, victim) => {
  world.counters.freezes++;
  world.freeze(victim, random.between(40, 1_500), false);
};

const sleep: Fault = (world, random, victim) => {
  world.counters.sleeps++;
  world.freeze(victim, random.between(20, 1_500), true);
};

const partition: Fault = (world, random) => {
  world.counters.partitions++;
  const side = new Set(world.ids.filter(() => random.chance(0.5)));
  world.tell(`* the network parts: [${[...side]}] from the rest`);
  for (const a of world.ids)
    for (const b of world.ids) if (a !== b && side.has(a) !== side.has(b)) world.network.cut(a, b);
};

const isolate: Fault = (world, _random, victim) => {
  world.counters.partitions++;
  world.tell(`* node ${victim} is cut off`);
  for (const peer of world.ids) {
    if (peer === victim) continue;
    world.network.cut(victim, peer);
    world.network.cut(peer, victim);
  }
};

const cutOneWay: Fault = (world, random, victim) => {
  const peer = random.pick(world.ids);
  if (peer === victim) return;
  world.counters.oneWayCuts++;
  world.tell(`* node ${peer} no longer hears node ${victim}`);
  world.network.cut(victim, peer);
};

const mend: Fault = (world) => {
  world.tell("* the links are mended");
  world.network.mend();
};

const storm: Fault = (world, random, _victim, baseline) => {
  world.counters.storms++;
  world.tell("* a storm on the network");
  world.network.setWeather(random.pick(storms));
  world.plan(random.between(200, 2_000), () => world.network.setWeather(baseline));
};

const lie: Fault = (world, random, victim) => {
  const to = random.pick(world.ids);
  if (to !== victim) world.refuse(to, victim);
};

const stop: Fault = (world, random, victim) => {
  world.stop(victim);
  world.plan(random.between(200, 1_500), () => world.start(victim));
};

/** One node no longer hears the leader and wants to be elected, when a third forgets all but its disk. */
const forgetInNeed: Fault = (world, random, victim) => {
  const others = world.ids.filter((id) => id !== victim);
  const deaf = others.at(-1);
  const witness = others[0];
  if (deaf === undefined || witness === undefined || deaf === witness) return;
  world.counters.oneWayCuts++;
  world.tell(`* node ${deaf} no longer hears node ${victim}`);
  world.network.cut(victim, deaf);
  world.plan(random.between(1, 4) * world.config.timings.electionTimeoutMs, () => {
    world.crash(witness);
    world.plan(random.between(1, 20), () => world.start(witness));
  });
};

/** The next hand-over goes to a node that dies. */
const stopAndKillSuccessor: Fault = (world, random, victim) => {
  world.stop(victim);
  const successor = [...world.ids].reverse().find((id) => id !== victim && world.isAlive(id));
  if (successor !== undefined) crash(world, random, successor, calm);
  world.plan(random.between(200, 1_500), () => world.start(victim));
};

const failDisk: Fault = (world, random, victim) => {
  world.failDisk(victim);
  world.plan(random.between(500, 2_000), () => {
    world.crash(victim);
    world.start(victim);
  });
};

const wipe: Fault = (world, random, victim) => {
  // A majority must keep its memory: at most one node at a time may be refilling.
  if (world.ids.length < 3 || world.ids.some((id) => world.isRebuilding(id))) return;
  world.wipe(victim);
  restartLater(world, random, victim);
};

const setClock: Fault = (world, random, victim) => {
  // Nobody sets the clock of a machine that sleeps; set back by just that much, it would hide the sleep.
  if (world.isAsleep(victim)) return;
  world.tell(`* somebody sets the clock of node ${victim}`);
  world.setWallBy(victim, random.between(-5_000, 5_000));
};

const fallIll: Fault = (world, random, victim) => {
  world.counters.unwell++;
  world.tell(`* node ${victim} falls behind`);
  world.setHealth(victim, true, true);
  world.plan(random.between(200, 2_000), () => world.setHealth(victim, true, false));
};

/** As often as they stand here. */
const faults: readonly Fault[] = [
  crash,
  crash,
  crash,
  crashInMidStep,
  crashInMidStep,
  crashInMidStep,
  crashAll,
  freeze,
  freeze,
  sleep,
  partition,
  partition,
  isolate,
  isolate,
  cutOneWay,
  cutOneWay,
  mend,
  mend,
  mend,
  mend,
  storm,
  lie,
  stop,
  stopAndKillSuccessor,
  forgetInNeed,
  forgetInNeed,
  failDisk,
  wipe,
  setClock,
  fallIll,
];
