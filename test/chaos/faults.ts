/**
 * What is done to the nodes of a town. Each fault is one card of a deck: it happens to its victims, lasts for so many
 * uploads (never for so many milliseconds), is taken back, and is over when they are well again.
 */
import type { NodeId } from "../../core/model/ids.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";
import type { Random } from "../sim/random.ts";
import type { CrowdProcess } from "./crowd-process.ts";
import type { Views } from "./orders.ts";
import { smallDiskNode, type Town } from "./town.ts";

export interface Scene {
  readonly town: Town;
  readonly crowd: CrowdProcess;
  readonly random: Random;
  readonly tell: (sentence: string) => void;
  /** Nothing more is done to anybody until `act` is over. */
  readonly inCalm: (act: () => Promise<void>) => Promise<void>;
}

export interface Fault {
  readonly name: string;
  /** One node, as many as may be missing at once, or the one with the small disk. */
  readonly victims: "one" | "minority" | "small disk";
  /** What was on the disks of its victims is lost. */
  readonly burns?: true;
  readonly happen: (scene: Scene, victims: readonly NodeId[]) => Promise<void>;
}

export const faults: readonly Fault[] = [
  { name: "killed", victims: "one", happen: killed },
  { name: "killed and missed", victims: "one", happen: killedForLong },
  { name: "killed together", victims: "minority", happen: killedForLong },
  { name: "frozen", victims: "one", happen: frozen },
  { name: "frozen together", victims: "minority", happen: frozen },
  { name: "restarted", victims: "one", happen: restarted },
  { name: "burnt", victims: "one", burns: true, happen: burnt },
  { name: "burnt together", victims: "minority", burns: true, happen: burnt },
  { name: "full", victims: "small disk", happen: full },
  { name: "cut off", victims: "one", happen: cutOff },
  { name: "split", victims: "minority", happen: cutOff },
  { name: "deaf", victims: "one", happen: deaf },
  { name: "dumb", victims: "one", happen: dumb },
  { name: "refusing", victims: "one", happen: refusing },
  { name: "unplugged", victims: "one", happen: unplugged },
  { name: "hidden", victims: "one", happen: hidden },
];

async function killed({ town, crowd }: Scene, victims: readonly NodeId[]): Promise<void> {
  await each(victims, (id) => town.kill(id));
  for (const id of victims) town.start(id);
  await well(crowd, victims);
}

async function killedForLong(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const { town, crowd } = scene;
  await each(victims, (id) => town.kill(id));
  await missed(crowd, victims);
  await goOn(scene);
  for (const id of victims) town.start(id);
  await well(crowd, victims);
}

async function frozen(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const { town, crowd, random } = scene;
  for (const id of victims) town.freeze(id);
  // Some wake before anybody has noticed.
  if (random.chance(0.7)) await missed(crowd, victims);
  await goOn(scene);
  for (const id of victims) town.wake(id);
  await well(crowd, victims);
}

async function restarted(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const { town, crowd, random } = scene;
  await each(victims, (id) => town.stop(id));
  if (random.chance(0.5)) await goOn(scene);
  for (const id of victims) town.start(id);
  await well(crowd, victims);
}

async function burnt(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const { town, crowd, random, inCalm } = scene;
  await each(victims, (id) => town.kill(id));
  for (const id of victims) town.burn(id);
  if (random.chance(0.5)) await goOn(scene);
  for (const id of victims) town.start(id);
  await well(crowd, victims);
  await inCalm(() => crowd.sees("every image to have its copies again", everyCopy));
}

/** Now and then to the last byte, as when somebody else writes to the disk. */
async function full(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const { town, crowd, random } = scene;
  const saidBefore = town.said(smallDiskNode, "disk.freed");
  town.fill(random.pick([0, 2_000_000]));
  await crowd.sees(`node ${smallDiskNode} to stand back`, (views) =>
    majorityOf(views, (view) => rowOf(view, smallDiskNode)?.readOnly === true),
  );
  await goOn(scene);
  await goOn(scene);
  town.makeRoom();
  await crowd.until(
    `node ${smallDiskNode} to find room`,
    () => town.said(smallDiskNode, "disk.freed") > saidBefore,
  );
  await crowd.sees(`node ${smallDiskNode} to take images again`, (views) =>
    majorityOf(views, (view) => rowOf(view, smallDiskNode)?.readOnly === false),
  );
  await well(crowd, victims);
}

/** From the other nodes; people reach it still. Several are cut off together, as when a switch fails. */
async function cutOff(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const others = addressesBut(scene.town, victims);
  await walled(scene, victims, (id) => {
    scene.town.machineOf(id).closeTo(`ip saddr ${others} drop`);
    scene.town.machineOf(id).closeTo(`ip daddr ${others} drop`, "output");
  });
}

async function deaf(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const others = addressesBut(scene.town, victims);
  const what = scene.random.pick(["tcp dport 8001 ", ""]);
  await walled(scene, victims, (id) => scene.town.machineOf(id).closeTo(`ip saddr ${others} ${what}drop`));
}

async function dumb(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const others = addressesBut(scene.town, victims);
  const what = scene.random.pick(["tcp dport 8001 ", ""]);
  await walled(scene, victims, (id) =>
    scene.town.machineOf(id).closeTo(`ip daddr ${others} ${what}drop`, "output"),
  );
}

/** It looks dead, and is not. */
async function refusing(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const others = addressesBut(scene.town, victims);
  await walled(scene, victims, (id) =>
    scene.town.machineOf(id).closeTo(`ip saddr ${others} tcp dport 8001 reject with tcp reset`),
  );
}

async function walled(scene: Scene, victims: readonly NodeId[], build: (id: NodeId) => void): Promise<void> {
  for (const id of victims) build(id);
  await missed(scene.crowd, victims);
  await goOn(scene);
  for (const id of victims) scene.town.machineOf(id).open();
  await well(scene.crowd, victims);
}

async function unplugged(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const { town, crowd } = scene;
  for (const id of victims) town.machineOf(id).plug("down");
  await missed(crowd, victims);
  await goOn(scene);
  for (const id of victims) town.machineOf(id).plug("up");
  await well(crowd, victims);
}

/** From people only: for the other nodes it is as well as ever, and may lead. */
async function hidden(scene: Scene, victims: readonly NodeId[]): Promise<void> {
  const { town, crowd } = scene;
  for (const id of victims) town.machineOf(id).closeTo(`ip saddr ${town.square.address} drop`);
  await crowd.sees(`node ${victims} to be hidden`, (views) =>
    victims.every((id) => viewOf(views, id) === null),
  );
  await goOn(scene);
  for (const id of victims) town.machineOf(id).open();
  await well(crowd, victims);
}

/** Life goes on meanwhile. */
const goOn = ({ crowd, random }: Scene): Promise<void> => crowd.more(random.whole(3, 25));

const each = async (victims: readonly NodeId[], act: (id: NodeId) => Promise<void>): Promise<void> => {
  await Promise.all(victims.map(act));
};

/** Until the victims are up, by their own word and that of a majority, and one leads. */
export const well = (crowd: CrowdProcess, victims: readonly NodeId[]): Promise<void> =>
  crowd.sees(`node ${victims.join(" and ")} to be well`, (views) =>
    victims.every((id) => {
      const own = viewOf(views, id);
      const isUp = own !== null && own.leader !== null && rowOf(own, id)?.state === "up";
      return isUp && majorityOf(views, (view) => rowOf(view, id)?.state === "up");
    }),
  );

/** Until a majority takes them for anything but up. */
const missed = (crowd: CrowdProcess, victims: readonly NodeId[]): Promise<void> =>
  crowd.sees(`node ${victims.join(" and ")} to be missed`, (views) =>
    victims.every((id) => majorityOf(views, (view) => rowOf(view, id)?.state !== "up")),
  );

/** Whether every node says that every image has its copies, and has all of its own. */
export const everyCopy = (views: Views): boolean =>
  views.every(
    ({ node, view }) =>
      view?.risk?.underReplicated === 0 &&
      view.nodes.every(({ state, rebuild }) => state === "up" && rebuild === null) &&
      rowOf(view, node)?.rebuild === null,
  );

const majorityOf = (views: Views, holds: (view: Snapshot) => boolean): boolean =>
  views.filter(({ view }) => view !== null && holds(view)).length > views.length / 2;

const viewOf = (views: Views, id: NodeId): Snapshot | null =>
  views.find(({ node }) => node === id)?.view ?? null;

const rowOf = (view: Snapshot, id: number) => view.nodes.find((node) => node.id === id);

/** Of all nodes but these, as a set in nft's language. */
const addressesBut = (town: Town, victims: readonly NodeId[]): string => {
  const others = town.nodes.filter((id) => !victims.includes(id));
  return `{ ${others.map((id) => town.machineOf(id).address).join(", ")} }`;
};
