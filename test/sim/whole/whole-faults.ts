/**
 * What the world does to whole nodes: everything that it does to elections, and what disks do besides. At most as many
 * disks are in trouble at a time as may be lost: a minority, counted until what they lost has been made good.
 */
import type { NodeId } from "../../../core/model/ids.ts";
import { calm, type Weather } from "../network.ts";
import type { Random } from "../random.ts";
import type { Host } from "./host.ts";
import { missingCopies } from "./verify.ts";
import type { WholeWorld } from "./whole-world.ts";

type Fault = (world: WholeWorld, random: Random, victim: NodeId) => void | Promise<void>;

const weathers: readonly Weather[] = [
  calm,
  { lossShare: 0.02, repeatShare: 0.02, delayMsMin: 0.5, delayMsMax: 20 },
  { lossShare: 0.1, repeatShare: 0.05, delayMsMin: 1, delayMsMax: 60 },
];

/** `only`: the faults that are drawn, by name. `without`: those that are drawn and then left out; all else stays as it is. */
export const plagueFor = (
  world: WholeWorld,
  only: readonly FaultName[] = faultNames,
  without: readonly FaultName[] = [],
): void => {
  const { random } = world;
  const nothing: Fault = () => undefined;
  const actOf = (name: FaultName): Fault => (without.includes(name) ? nothing : faults[name].act);
  const drawn = only.flatMap((name) => Array.from({ length: faults[name].often }, () => actOf(name)));
  const pauseMs = random.pick([80, 200, 600]);
  world.network.setWeather(random.pick(weathers));
  const next = (): void => {
    const leader = world.ids.find((id) => world.driver(id)?.state().election.role.kind === "leader");
    const victim = leader !== undefined && random.chance(0.3) ? leader : random.pick(world.ids);
    const fault = random.pick(drawn);
    world.begin(async () => fault(world, random, victim));
    world.plan(random.between(0.2, 2) * pauseMs, next);
  };
  if (drawn.length > 0) world.plan(random.between(100, 700), next);
};

const restartLater = (world: WholeWorld, random: Random, id: NodeId): void => {
  const downMs = random.chance(0.6) ? random.between(20, 150) : random.between(150, 2_500);
  world.plan(downMs, () => world.start(id));
};

const crash: Fault = (world, random, victim) => {
  world.crash(victim, false);
  restartLater(world, random, victim);
};

const powerCut: Fault = (world, random, victim) => {
  world.crash(victim, true);
  restartLater(world, random, victim);
};

const blackout: Fault = (world, random) => {
  for (const id of world.ids) {
    world.crash(id, true);
    restartLater(world, random, id);
  }
};

const freeze: Fault = (world, random, victim) => {
  world.freeze(victim, random.between(50, 2_000));
};

const stop: Fault = (world, random, victim) => {
  world.stop(victim);
  world.plan(random.between(300, 2_000), () => world.start(victim));
};

const partition: Fault = (world, random) => {
  world.counters.partitions++;
  const side = new Set(world.ids.filter(() => random.chance(0.5)));
  world.tell(`* the network parts: [${[...side]}] from the rest`);
  for (const a of world.ids)
    for (const b of world.ids) if (a !== b && side.has(a) !== side.has(b)) world.network.cut(a, b);
};

const cutOneWay: Fault = (world, random, victim) => {
  const peer = random.pick(world.ids);
  if (peer === victim) return;
  world.counters.oneWayCuts++;
  world.tell(`* node ${peer} no longer hears node ${victim}`);
  world.network.cut(victim, peer);
};

const cutClients: Fault = (world, random, victim) => {
  world.counters.clientCuts++;
  for (const person of world.people) if (random.chance(0.6)) world.cutClient(person, victim);
};

const mend: Fault = (world) => {
  world.network.mend();
  world.mendClients();
};

const storm: Fault = (world, random) => {
  world.counters.storms++;
  world.network.setWeather({ lossShare: 0.2, repeatShare: 0.1, delayMsMin: 1, delayMsMax: 150 });
  world.plan(random.between(200, 1_500), () => world.network.setWeather(random.pick(weathers)));
};

const indexLost: Fault = (world, random, victim) => {
  world.counters.indexesLost++;
  world.tell(`* node ${victim} loses its index`);
  world.replaceDisk(victim, (host) => host.indexDisk.loseAll());
  restartLater(world, random, victim);
};

const syncFails: Fault = (world, random, victim) => {
  world.counters.syncFailures++;
  world.tell(`* a sync of node ${victim} will fail`);
  world.host(victim).folder.failNextSync();
  // Whoever runs it takes the node off the disk and starts it again.
  world.plan(random.between(500, 2_000), () => {
    world.crash(victim, random.chance(0.5));
    world.start(victim);
  });
};

const writeFails: Fault = (world, random, victim) => {
  world.counters.writeFailures++;
  world.host(victim).folder.failNextWrite();
  world.plan(random.between(500, 2_000), () => {
    world.crash(victim, random.chance(0.5));
    world.start(victim);
  });
};

const indexWriteFails: Fault = (world, random, victim) => {
  world.tell(`* a write of node ${victim}'s index will fail`);
  world.host(victim).indexDisk.failNextApply();
  world.plan(random.between(500, 2_000), () => {
    world.crash(victim, random.chance(0.5));
    world.start(victim);
  });
};

const diskFull: Fault = (world, random, victim) => {
  world.counters.fullDisks++;
  const { folder } = world.host(victim);
  world.tell(`* the disk of node ${victim} is full`);
  folder.capacityBytes = folder.usedBytes + random.whole(0, 20_000);
  world.plan(random.between(300, 2_500), () => {
    folder.capacityBytes = Number.POSITIVE_INFINITY;
  });
};

const setClock: Fault = (world, random, victim) => {
  world.counters.clockSettings++;
  world.host(victim).clock.setWallBy(random.between(-3_000, 3_000));
};

/** Another disk may be lost only when what the last one took is everywhere again. */
const mayLoseDisk = async (world: WholeWorld, victim: NodeId): Promise<boolean> => {
  const spare = world.ids.length - Math.floor(world.ids.length / 2) - 1;
  if (spare === 0) return false;
  const isSick = ({ id, process, mayBeRotten }: Host): boolean =>
    process?.driver.ready !== true || (mayBeRotten && id !== victim);
  return !world.hosts.some(isSick) && (await missingCopies(world, victim)) === 0;
};

const loseMsMax = 200;
const loseTriesMax = 8;

/** Does it as soon as the others can bear it, or never. */
const whenSpared = async (
  world: WholeWorld,
  victim: NodeId,
  act: () => void,
  also: () => boolean = () => true,
  triesLeft = loseTriesMax,
): Promise<void> => {
  if ((await mayLoseDisk(world, victim)) && also()) act();
  else if (triesLeft > 0)
    world.plan(loseMsMax, () => world.begin(() => whenSpared(world, victim, act, also, triesLeft - 1)));
};

const wipe: Fault = (world, random, victim) =>
  whenSpared(world, victim, () => {
    world.counters.wipes++;
    world.tell(`* node ${victim} loses its disk`);
    world.replaceDisk(victim, (host) => host.wipe());
    restartLater(world, random, victim);
  });

/** One disk is lost while the node that worked with it cannot be reached: what only those two knew must be waited for. */
const wipeApart: Fault = (world, random, victim) =>
  whenSpared(world, victim, () => {
    const apart = random.pick(world.ids.filter((id) => id !== victim));
    world.counters.wipes++;
    world.tell(`* node ${victim} loses its disk, and nobody hears node ${apart}`);
    for (const id of world.ids) {
      world.network.cut(apart, id);
      world.network.cut(id, apart);
    }
    world.replaceDisk(victim, (host) => host.wipe());
    world.plan(random.between(20, 150), () => world.start(victim));
  });

/**
 * Whether the others remember all that is on this disk. One that is put back to what it was before the latest that
 * they know of may pass for it (decision 9).
 */
const isRemembered = (world: WholeWorld, victim: NodeId): boolean => {
  const feedHead = world.host(victim).process?.store.feedHead ?? Number.POSITIVE_INFINITY;
  return world.hosts.every(({ id, process }) => {
    const memory = process?.driver.memories().get(victim);
    return id === victim || (memory !== undefined && memory.latest.feedHead >= feedHead);
  });
};

/** A backup of today is put back tomorrow; sometimes its segments alone. */
const oldBackup: Fault = (world, random, victim) => {
  const host = world.host(victim);
  if (host.process === null || host.generation === 0) return;
  world.crash(victim, false);
  host.folder.powerFails();
  const restore = host.backup(random.chance(0.4));
  restartLater(world, random, victim);
  const putBack = (): void => {
    world.counters.backupsRestored++;
    world.tell(`* an old backup is put back on node ${victim}`);
    world.replaceDisk(victim, restore);
    restartLater(world, random, victim);
  };
  const mayPutBack = (): boolean => isRemembered(world, victim);
  world.plan(random.between(200, 2_000), () =>
    world.begin(() => whenSpared(world, victim, putBack, mayPutBack)),
  );
};

/** Found by whoever reads there; at the next start, when the index is lost with it. */
const rot: Fault = (world, random, victim) =>
  whenSpared(world, victim, () => {
    if (!world.host(victim).rot()) return;
    world.counters.rots++;
    world.tell(`* a byte on the disk of node ${victim} rots`);
    if (!random.chance(0.7)) return;
    world.tell(`* node ${victim} loses its index`);
    world.replaceDisk(victim, (host) => host.indexDisk.loseAll());
    restartLater(world, random, victim);
  });

interface Kind {
  /** Among all others. */
  readonly often: number;
  readonly act: Fault;
}

const faults = {
  crash: { often: 2, act: crash },
  powerCut: { often: 3, act: powerCut },
  blackout: { often: 1, act: blackout },
  freeze: { often: 2, act: freeze },
  stop: { often: 1, act: stop },
  partition: { often: 2, act: partition },
  cutOneWay: { often: 1, act: cutOneWay },
  cutClients: { often: 1, act: cutClients },
  mend: { often: 4, act: mend },
  storm: { often: 1, act: storm },
  indexLost: { often: 1, act: indexLost },
  syncFails: { often: 1, act: syncFails },
  writeFails: { often: 1, act: writeFails },
  indexWriteFails: { often: 1, act: indexWriteFails },
  diskFull: { often: 1, act: diskFull },
  setClock: { often: 1, act: setClock },
  wipe: { often: 2, act: wipe },
  wipeApart: { often: 1, act: wipeApart },
  oldBackup: { often: 2, act: oldBackup },
  rot: { often: 2, act: rot },
} satisfies Record<string, Kind>;

export type FaultName = keyof typeof faults;
export const faultNames = Object.keys(faults) as readonly FaultName[];
