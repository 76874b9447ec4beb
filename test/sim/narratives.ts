/** Short simulated histories that a person should be able to read: what happened, who said what, and when. */
import { realMachine } from "../../core/io/driver.ts";
import { nodeId } from "../../core/model/ids.ts";
import { createRandom } from "./random.ts";
import { World } from "./world.ts";

const defaults = {
  heartbeatMs: 50,
  electionTimeoutMs: 300,
  rankStepMs: 60,
  jitterMsMax: 30,
  leaseMs: 200,
  stableWindowMs: 10_000,
};

/** A cluster of three on a calm network; the lines are what the nodes and the script say. */
const narrate = (seed: number, script: (world: World) => void): string => {
  const lines: string[] = [];
  const world = new World({
    nodes: 3,
    timings: defaults,
    random: createRandom(seed),
    overWire: true,
    byHarmAlone: false,
    onHandover: () => {},
    onLeader: () => {},
    machine: realMachine,
    tell: (atMs, sentence) => lines.push(`${(atMs / 1_000).toFixed(3).padStart(8)} s  ${sentence}`),
  });
  script(world);
  return `${lines.join("\n")}\n`;
};

/** Three nodes are started and agree on the highest. */
export const election = (): string =>
  narrate(1, (world) => {
    for (const id of [1, 2, 3]) world.scheduler.at(id * 40, () => world.start(nodeId(id)));
    world.scheduler.run(1_000);
    world.offer();
    world.scheduler.run(1_100);
  });

/** The leader is killed under way, another takes over, and hands back once the first has been steady again. */
export const failOver = (): string =>
  narrate(2, (world) => {
    for (const id of world.ids) world.start(id);
    world.scheduler.run(2_000);
    world.offer();
    world.scheduler.run(2_100);
    world.crash(nodeId(3));
    world.scheduler.run(2_300);
    world.offer();
    world.scheduler.run(5_000);
    world.start(nodeId(3));
    world.scheduler.run(16_000);
  });

/** A leader is cut off with its clients: it stops acting, the others go on, and it follows when it returns. */
export const partition = (): string =>
  narrate(3, (world) => {
    for (const id of world.ids) world.start(id);
    world.scheduler.run(2_000);
    world.tell("* node 3 is cut off");
    for (const peer of [nodeId(1), nodeId(2)]) {
      world.network.cut(nodeId(3), peer);
      world.network.cut(peer, nodeId(3));
    }
    world.scheduler.run(2_190);
    world.tell("* a client offers an image to everybody, the old leader included");
    world.offer();
    world.scheduler.run(3_000);
    world.tell("* and another");
    world.offer();
    world.scheduler.run(4_000);
    world.tell("* the links are mended");
    world.network.mend();
    world.scheduler.run(5_000);
  });
