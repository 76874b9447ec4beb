/**
 * Faults from a deck that the seed has shuffled, one after the other and several at once, but never at more nodes than
 * may be missing, and never at more disks than may be lost.
 */
import type { NodeId } from "../../core/model/ids.ts";
import type { Random } from "../sim/random.ts";
import type { CrowdProcess } from "./crowd-process.ts";
import type { Fault, Scene } from "./faults.ts";
import { smallDiskNode, type Town } from "./town.ts";

export interface Plague {
  /** How often what has happened. */
  readonly counts: ReadonlyMap<string, number>;
  /** Deals cards until `isOver`, but all of the deck at least once. Resolves when everybody is well again. */
  run(isOver: () => boolean): Promise<void>;
}

export const createPlague = (
  faults: readonly Fault[],
  town: Town,
  crowd: CrowdProcess,
  random: Random,
  tell: (sentence: string) => void,
): Plague => new Dealer(faults, town, crowd, random, tell);

class Dealer implements Plague {
  readonly counts: Map<string, number>;
  readonly #faults: readonly Fault[];
  readonly #town: Town;
  readonly #crowd: CrowdProcess;
  readonly #random: Random;
  readonly #tell: (sentence: string) => void;
  readonly #running = new Set<Promise<void>>();
  /** To whom something happens now. */
  readonly #victims = new Set<NodeId>();
  /** Whose disks were lost since every image had all of its copies. */
  readonly #lost = new Set<NodeId>();
  /** How many want nothing more to happen for now. */
  #calm = 0;

  constructor(
    faults: readonly Fault[],
    town: Town,
    crowd: CrowdProcess,
    random: Random,
    tell: (sentence: string) => void,
  ) {
    this.counts = new Map(faults.map(({ name }) => [name, 0]));
    this.#faults = faults;
    this.#town = town;
    this.#crowd = crowd;
    this.#random = random;
    this.#tell = tell;
  }

  async run(isOver: () => boolean): Promise<void> {
    for (let deck = this.#shuffled(), rounds = 0; rounds === 0 || !isOver(); deck = this.#shuffled()) {
      for (const fault of deck) {
        if (rounds > 0 && isOver()) break;
        await this.#deal(fault);
      }
      rounds++;
    }
    await Promise.all(this.#running);
  }

  get #minority(): number {
    return Math.ceil(this.#town.nodes.length / 2) - 1;
  }

  #shuffled(): readonly Fault[] {
    return this.#faults
      .map((fault) => ({ fault, at: this.#random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ fault }) => fault);
  }

  /** Begins it as soon as it may. */
  async #deal(fault: Fault): Promise<void> {
    let victims = this.#victimsOf(fault);
    while (victims === null) {
      await Promise.race(this.#running);
      victims = this.#victimsOf(fault);
    }
    this.#begin(fault, victims);
    // Half of the time it is alone.
    if (this.#random.chance(0.5)) await Promise.race(this.#running);
  }

  /** Null while it may not happen. */
  #victimsOf({ victims, burns }: Fault): readonly NodeId[] | null {
    if (this.#calm > 0) return null;
    const free = this.#town.nodes.filter((id) => !this.#victims.has(id));
    const count = victims === "minority" ? this.#minority : 1;
    if (this.#victims.size + count > this.#minority) return null;
    if (burns === true && this.#lost.size + count > this.#minority) return null;
    if (victims === "small disk") return free.includes(smallDiskNode) ? [smallDiskNode] : null;
    const chosen: NodeId[] = [];
    while (chosen.length < count) {
      const left = free.filter((id) => !chosen.includes(id));
      const leader = this.#leaderAmong(left);
      chosen.push(leader !== null && this.#random.chance(0.35) ? leader : this.#random.pick(left));
    }
    return chosen.toSorted();
  }

  #leaderAmong(nodes: readonly NodeId[]): NodeId | null {
    return (
      nodes.find((id) => this.#crowd.views.some(({ node, view }) => node === id && view?.leader === id)) ??
      null
    );
  }

  #begin(fault: Fault, victims: readonly NodeId[]): void {
    const { name, burns } = fault;
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    this.#tell(`node ${victims.join(" and ")}: ${name}`);
    for (const id of victims) this.#victims.add(id);
    if (burns === true) for (const id of victims) this.#lost.add(id);
    const running = fault.happen(this.#scene, victims).then(() => {
      this.#tell(`node ${victims.join(" and ")}: well again after being ${name}`);
      for (const id of victims) this.#victims.delete(id);
      if (burns === true) for (const id of victims) this.#lost.delete(id);
      this.#running.delete(running);
    });
    this.#running.add(running);
    // Whoever waits for it hears of it; until then it is no stray.
    running.catch(() => undefined);
  }

  get #scene(): Scene {
    return {
      town: this.#town,
      crowd: this.#crowd,
      random: this.#random,
      tell: this.#tell,
      inCalm: async (act) => {
        this.#calm++;
        try {
          await act();
        } finally {
          this.#calm--;
        }
      },
    };
  }
}
