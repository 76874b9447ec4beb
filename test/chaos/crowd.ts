/**
 * Eight people in a process of their own, on a machine from which all nodes can be reached.
 * `node dist/test/chaos/crowd.js '{"seed":…}'`, with a channel to the story that starts it.
 *
 * One more only watches: what the nodes say of themselves goes to the story, which waits for it.
 */
import { readFileSync } from "node:fs";
import { type Client, createClient } from "../../core/io/client/client.ts";
import { openSession } from "../../core/io/client/session.ts";
import { systemClock, wallNow } from "../../core/io/clock.ts";
import { parseConfig } from "../../core/io/config-file.ts";
import { loadCredentials } from "../../core/io/pki/credentials.ts";
import { nodeCredentials } from "../../core/io/pki/places.ts";
import { loadUser } from "../../core/io/pki/users.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import { wordFault } from "../../core/model/faults.ts";
import { nodeId, userNameOf } from "../../core/model/ids.ts";
import { must } from "../bench/must.ts";
import { createRandom, type Random } from "../sim/random.ts";
import { judge } from "./judge.ts";
import { Ledger } from "./ledger.ts";
import { type CrowdOptions, nowMs, type Order, owners, type Word } from "./orders.ts";
import { Person } from "./person.ts";
import { noTally } from "./tally.ts";

/** Between two things that somebody does, so that the machine has time for the nodes. */
const pauseMsMin = 10;
const pauseMsMax = 120;
const lookMs = 200;
const viewMsMax = 1_000;
const tallyMs = 100;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

class Crowd {
  readonly #options: CrowdOptions;
  readonly #config: ClusterConfig;
  readonly #tally = noTally();
  readonly #failures: Record<string, number> = {};
  readonly #ledger = new Ledger(nowMs, (sentence) => this.#say({ kind: "wrong", sentence }));
  #people: readonly Person[] = [];
  #working: Promise<unknown> = Promise.resolve();
  #resting = false;

  constructor(options: CrowdOptions) {
    this.#options = options;
    this.#config = must(parseConfig(readFileSync(options.configPath, "utf8")));
  }

  async begin(): Promise<void> {
    const { people, seed } = this.#options;
    this.#people = await Promise.all(
      Array.from({ length: people }, (_, at) => this.#person(at, createRandom(seed * 100 + at))),
    );
    void this.#watch(await this.#watcher());
    setInterval(() => this.#say({ kind: "tally", tally: this.#tally, failures: this.#failures }), tallyMs);
    this.#say({ kind: "ready" });
    const work = async (person: Person, at: number): Promise<void> => {
      const random = createRandom(seed * 100 + 50 + at);
      while (!this.#resting) {
        await person.act();
        await pause(random.between(pauseMsMin, pauseMsMax));
      }
    };
    this.#working = Promise.all(this.#people.map(work));
  }

  async obey(order: Order): Promise<void> {
    switch (order.kind) {
      case "rest":
        this.#resting = true;
        await this.#working;
        return this.#say({ kind: "rested" });
      case "judge": {
        const { data } = this.#options;
        const credentials = must(loadCredentials(nodeCredentials(data, nodeId(1)), wallNow()));
        const images = await judge({
          ledger: this.#ledger,
          people: this.#people,
          session: openSession(this.#config, credentials, systemClock()),
          onWrong: (sentence) => this.#say({ kind: "wrong", sentence }),
          onWaiting: (what) => this.#say({ kind: "waiting", what }),
        });
        return this.#say({ kind: "judged", images });
      }
    }
  }

  async #person(at: number, random: Random): Promise<Person> {
    const name = owners[at % owners.length];
    if (name === undefined) throw new Error("nobody owns anything");
    const { data, folder } = this.#options;
    return new Person({
      config: this.#config,
      name,
      user: must(await loadUser(data, name, wallNow())),
      folder,
      random,
      ledger: this.#ledger,
      tally: this.#tally,
      onFailure: (what, problem, expected) => {
        const key = `${what}: ${problem.code}`;
        this.#failures[key] = (this.#failures[key] ?? 0) + 1;
        if (!expected)
          this.#say({
            kind: "wrong",
            sentence: `${what} of ${name}'s fails with ${problem.code}: ${wordFault(problem).what}`,
          });
      },
    });
  }

  async #watcher(): Promise<Client> {
    const [user = userNameOf("alice")] = owners;
    const { credentials, ...keys } = must(await loadUser(this.#options.data, user, wallNow()));
    return createClient({ config: this.#config, user, credentials, keys, clock: systemClock() });
  }

  async #watch(watcher: Client): Promise<void> {
    for (;;) {
      const askedAt = nowMs();
      const answers = await watcher.askEach(viewMsMax);
      const views = answers.map(({ server, answer }) => ({
        node: server,
        view: answer.ok ? answer.value : null,
      }));
      this.#say({ kind: "views", askedAt, views });
      await pause(lookMs);
    }
  }

  #say(word: Word): void {
    if (process.connected) process.send?.(word);
  }
}

const crowd = new Crowd(JSON.parse(process.argv[2] ?? "null") as CrowdOptions);
process.on("message", (order: Order) => void crowd.obey(order));
// Without the story there is nothing to do here.
process.on("disconnect", () => process.exit());
await crowd.begin();
