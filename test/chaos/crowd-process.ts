/** The people, as the story knows them: it gives them orders, and waits for what they see. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Snapshot } from "../../core/model/snapshot.ts";
import { type CrowdOptions, type JudgedImage, nowMs, type Order, type Views, type Word } from "./orders.ts";
import { noTally, type Tally } from "./tally.ts";

/** Beside this file, as source or as built. */
const isSource = import.meta.url.endsWith(".ts");
const program = fileURLToPath(new URL(isSource ? "./crowd.ts" : "./crowd.js", import.meta.url));

/** Nothing in a chaos may take longer than this; then something is wrong, and what was waited for is said. */
const waitMsMax = 120_000;
const complaintsMax = 20_000;

export class CrowdProcess {
  tally: Tally = noTally();
  /** What did not come about, and how often. */
  failures: Readonly<Record<string, number>> = {};
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  readonly #onWrong: (sentence: string) => void;
  #seen: Extract<Word, { readonly kind: "views" }> | null = null;
  #words = new Set<Word["kind"]>();
  #judged: readonly JudgedImage[] | null = null;
  #waitsFor = "";
  #broken: Error | null = null;
  #closing = false;

  /** `within`: what to put before a command so that it runs where the people are. */
  constructor(within: readonly string[], options: CrowdOptions, onWrong: (sentence: string) => void) {
    const [command = "", ...words] = [...within, process.execPath, program, JSON.stringify(options)];
    this.#onWrong = onWrong;
    this.#child = spawn(command, words, { stdio: ["ignore", "inherit", "pipe", "ipc"], detached: true });
    let complaints = "";
    this.#child.stderr?.on("data", (bytes: Buffer) => {
      complaints = `${complaints}${bytes}`.slice(0, complaintsMax);
    });
    this.#child.on("message", (word: Word) => this.#hear(word));
    this.#child.on("close", (code, signal) => {
      if (!this.#closing) this.#onWrong(`the people are gone (${code ?? signal}): ${complaints}`);
    });
  }

  get ready(): Promise<void> {
    return this.#until("the people to come", () => this.#words.has("ready"));
  }

  /** Makes every wait end with this. */
  break(error: Error): void {
    this.#broken ??= error;
    this.#look();
  }

  /** Until so many more images have been acknowledged. */
  more(uploads: number): Promise<void> {
    const goal = this.tally.uploads + uploads;
    return this.#until(`${uploads} more uploads`, () => this.tally.uploads >= goal);
  }

  /** Until `holds` for what the nodes say, asked after this call. */
  async sees(what: string, holds: (views: Views) => boolean): Promise<void> {
    const from = nowMs();
    await this.#until(what, () => {
      const seen = this.#seen;
      return seen !== null && seen.askedAt > from && holds(seen.views);
    });
  }

  /** As they were seen last. */
  get views(): Views {
    return this.#seen?.views ?? [];
  }

  /** Until something that is looked up otherwise holds; it is looked at when anything is heard from the people. */
  until(what: string, holds: () => boolean): Promise<void> {
    return this.#until(what, holds);
  }

  async rest(): Promise<void> {
    this.#order({ kind: "rest" });
    await this.#until("everybody to finish", () => this.#words.has("rested"));
  }

  async judge(): Promise<readonly JudgedImage[]> {
    this.#order({ kind: "judge" });
    await this.#until("the last look", () => this.#judged !== null);
    return this.#judged ?? [];
  }

  async close(): Promise<void> {
    this.#closing = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGKILL");
    await gone;
  }

  #order(order: Order): void {
    this.#child.send(order);
  }

  #hear(word: Word): void {
    this.#words.add(word.kind);
    if (word.kind === "views") this.#seen = word;
    if (word.kind === "waiting") this.#waitsFor = word.what;
    if (word.kind === "judged") this.#judged = word.images;
    if (word.kind === "wrong") this.#onWrong(word.sentence);
    if (word.kind === "tally") {
      this.tally = word.tally;
      this.failures = word.failures;
    }
    this.#look();
  }

  #look(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(late);
        this.#watchers.delete(look);
      };
      const look = (): void => {
        if (this.#broken === null && !holds()) return;
        end();
        if (this.#broken === null) resolve();
        else reject(this.#broken);
      };
      const late = setTimeout(() => {
        end();
        const waits = this.#waitsFor === "" ? "" : `; the last look waits for ${this.#waitsFor}`;
        const told = this.views.map(({ node, view }) => sayView(node, view)).join("\n");
        reject(new Error(`waited ${waitMsMax / 1_000} s for ${what}${waits}; what the nodes say:\n${told}`));
      }, waitMsMax);
      this.#watchers.add(look);
      look();
    });
  }
}

const sayView = (node: number, view: Snapshot | null): string => {
  if (view === null) return `node ${node} says nothing`;
  const { leader, term, quorum, risk, nodes } = view;
  const rows = nodes.map((one) => {
    const rebuild = one.rebuild === null ? "" : ` ${one.rebuild.phase} ${one.rebuild.imagesLeft}`;
    return `${one.id} ${one.state}${one.readOnly === true ? " read-only" : ""}${rebuild}`;
  });
  return `node ${node}: leader ${leader}, term ${term}, ${quorum.live} live, risk ${JSON.stringify(risk)}; ${rows.join(", ")}`;
};
