/**
 * One chaos from beginning to end: a town and its people, a plague, a healing, and a look at everything.
 *
 * The seed chooses what happens in which order and to whom. Real processes have a timing of their own, so the same seed
 * tells a similar story and not the same one; that is what the simulator is for.
 */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { wallNow } from "../../core/io/clock.ts";
import { loadAuthority } from "../../core/io/pki/keep.ts";
import { must } from "../bench/must.ts";
import { createRandom } from "../sim/random.ts";
import { CrowdProcess } from "./crowd-process.ts";
import { faultsOnDisks } from "./disks.ts";
import { everyCopy, faults, well } from "./faults.ts";
import { owners } from "./orders.ts";
import { createPlague } from "./plague.ts";
import { noTally, type Tally } from "./tally.ts";
import { Town } from "./town.ts";

export interface ChaosOptions {
  readonly seed: number;
  readonly nodes: number;
  /** How long things happen to the nodes; what is begun is finished, and the look at everything comes after. */
  readonly plagueMs: number;
  /** Names of faults; all of them when left out. */
  readonly only?: readonly string[];
  /** Breaks the chaos off. */
  readonly signal: AbortSignal;
  /** What happens, as it happens. */
  readonly tell: (sentence: string) => void;
}

export interface ChaosReport {
  readonly seed: number;
  /** Promises that were broken, and what else should not have been; empty is good. */
  readonly wrong: readonly string[];
  /** Logs and disks, kept when something is wrong. */
  readonly evidence: string | null;
  readonly faults: ReadonlyMap<string, number>;
  readonly tally: Tally;
  /** What did not come about, as may be while nodes are missing. */
  readonly failures: Readonly<Record<string, number>>;
  /** What the nodes said, and how often. */
  readonly events: ReadonlyMap<string, number>;
}

/** See test/support/skip.ts. */
export const chaosNeeds = ["root", "linux", "namespaces", "ip", "nft"] as const;

/** Nothing that happens here is a reason for any of these. */
const neverSaid: ReadonlySet<string> = new Set([
  "disk.failed",
  "disk.lost",
  "disk.outdated",
  "disk.set-aside",
  "scrub.found",
  "no event",
]);

export const runChaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  const story = new Story(options);
  await story.tell();
  return story.report();
};

class Story {
  readonly #options: ChaosOptions;
  readonly #wrong: string[] = [];
  readonly #events = new Map<string, number>();
  #town: Town | null = null;
  #crowd: CrowdProcess | null = null;
  #faults: ReadonlyMap<string, number> = new Map();

  constructor(options: ChaosOptions) {
    this.#options = options;
  }

  async tell(): Promise<void> {
    const { signal } = this.#options;
    const breakOff = (): void => this.#fail("it was broken off");
    signal.addEventListener("abort", breakOff);
    try {
      await this.#tell();
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (this.#wrong.length === 0) this.#wrong.push(why);
    } finally {
      signal.removeEventListener("abort", breakOff);
      await this.#crowd?.close();
      await this.#town?.close(this.#wrong.length > 0);
    }
  }

  report(): ChaosReport {
    return {
      seed: this.#options.seed,
      wrong: this.#wrong,
      evidence: this.#wrong.length > 0 ? (this.#town?.folder ?? null) : null,
      faults: this.#faults,
      tally: this.#crowd?.tally ?? noTally(),
      failures: this.#crowd?.failures ?? {},
      events: this.#events,
    };
  }

  async #tell(): Promise<void> {
    const { seed, plagueMs, only } = this.#options;
    const town = await this.#found();
    const crowd = this.#invite(town);
    await crowd.ready;
    await well(crowd, town.nodes);
    const deck = faults.filter(({ name }) => only?.includes(name) ?? true);
    const plague = createPlague(deck, town, crowd, createRandom(seed), (sentence) => this.#say(sentence));
    this.#faults = plague.counts;
    const endAt = performance.now() + plagueMs;
    await plague.run(() => performance.now() >= endAt);
    this.#say("nothing more happens; everybody rests");
    await crowd.rest();
    await crowd.sees("every image to have its copies", everyCopy);
    this.#say("every image has its copies; the last look");
    const images = await crowd.judge();
    // Whoever is dead writes nothing more, whichever way he died.
    await Promise.all(town.nodes.map((id) => (seed % 2 === 0 ? town.kill(id) : town.stop(id))));
    const { cluster } = must(loadAuthority(town.desk, wallNow()));
    this.#wrong.push(...(await faultsOnDisks(town, cluster, images)));
    this.#say(`${images.length} images of the ledger were looked for on the disks`);
  }

  async #found(): Promise<Town> {
    const town = await Town.found({
      nodes: this.#options.nodes,
      users: owners,
      onSaid: (node, event, message) => {
        this.#events.set(event, (this.#events.get(event) ?? 0) + 1);
        if (neverSaid.has(event)) this.#fail(`node ${node} says ${event}: ${message}`);
      },
      onDied: (node, how) => this.#fail(`node ${node} ${how}`),
    });
    this.#town = town;
    this.#say(`seed ${this.#options.seed}, ${town.nodes.length} nodes, in ${town.folder}`);
    for (const id of town.nodes) town.start(id);
    return town;
  }

  #invite(town: Town): CrowdProcess {
    const folder = join(town.folder, "sealed");
    mkdirSync(folder);
    const { seed } = this.#options;
    const { configPath, desk: data } = town;
    const crowd = new CrowdProcess(
      town.square.within,
      { seed, people: 2 * owners.length, configPath, data, folder },
      (sentence) => this.#fail(sentence),
    );
    this.#crowd = crowd;
    const [wrong] = this.#wrong;
    if (wrong !== undefined) crowd.break(new Error(wrong));
    return crowd;
  }

  /** Once is enough: then the story breaks off, and what led to it is kept. */
  #fail(sentence: string): void {
    this.#wrong.push(sentence);
    this.#say(`WRONG: ${sentence}`);
    this.#crowd?.break(new Error(sentence));
  }

  #say(sentence: string): void {
    const line = `${new Date().toISOString()} ${sentence}`;
    if (this.#town !== null) appendFileSync(join(this.#town.logs, "story.log"), `${line}\n`);
    this.#options.tell(sentence);
  }
}
