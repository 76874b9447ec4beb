/**
 * The background check of this disk: round after round over everything that is stored, slowly, from where it was when
 * the node was stopped.
 */
import type { ImageId } from "../model/ids.ts";
import { parseImageId } from "../model/ids.ts";
import type { ScrubView } from "../model/snapshot.ts";
import type { WallMs } from "../model/units.ts";
import { checkImage, damagedSegments, emptySegment } from "../store/scrub.ts";
import type { SegmentStore } from "../store/store.ts";
import { type NodeContext, noteThrown } from "./node-context.ts";
import { createPace } from "./pace.ts";

export interface Scrubber {
  /** Begins a round now, or goes on with one that was paused. */
  start(): void;
  pause(): void;
  /** Begins a round when one is due. Call it now and then; returns at once. */
  look(): void;
  view(): ScrubView | null;
  /** Ends after the image at hand. */
  stop(): Promise<void>;
}

interface Round {
  readonly startedAt: number;
  /** The last image that was looked at; null at the beginning. */
  readonly after: ImageId | null;
  readonly checked: number;
  readonly bad: number;
  readonly repaired: number;
  readonly paused: boolean;
  readonly over: boolean;
}

const noteName = "scrub";
const rowsAtOnce = 32;

export const createScrubber = (
  context: NodeContext,
  store: SegmentStore,
  unrepairable: () => number,
): Scrubber => new DiskScrubber(context, store, unrepairable);

class DiskScrubber implements Scrubber {
  readonly #context: NodeContext;
  readonly #store: SegmentStore;
  readonly #unrepairable: () => number;
  /** Undefined until the note of the last process was read. */
  #round: Round | null | undefined;
  #running: Promise<void> | null = null;
  #stopped = false;
  /** Damaged payloads that are being fetched again. */
  readonly #awaited = new Set<ImageId>();

  constructor(context: NodeContext, store: SegmentStore, unrepairable: () => number) {
    this.#context = context;
    this.#store = store;
    this.#unrepairable = unrepairable;
  }

  start(): void {
    const going = this.#round !== undefined && this.#round !== null && !this.#round.over;
    this.#round = going && this.#round ? { ...this.#round, paused: false } : this.#newRound();
    this.#run();
  }

  pause(): void {
    if (this.#round) this.#round = { ...this.#round, paused: true };
  }

  look(): void {
    if (this.#running !== null || this.#stopped || !this.#context.driver.ready) return;
    if (this.#round === undefined) {
      this.#running = this.#recall().finally(() => {
        this.#running = null;
      });
      return;
    }
    const { config, clock } = this.#context;
    const round = this.#round;
    if (round === null || (round.over && clock.wall() - round.startedAt >= config.storage.scrubEveryMs))
      this.#round = this.#newRound();
    else if (round.over || round.paused) return;
    this.#run();
  }

  view(): ScrubView | null {
    const round = this.#round;
    if (round === undefined || round === null) return null;
    const { checked, bad, repaired, over, paused } = round;
    const total = Math.max(checked, this.#store.images, 1);
    return {
      state: paused ? "paused" : over ? "idle" : "running",
      share: over ? 1 : checked / total,
      checked,
      bad,
      repaired,
      unrepairable: this.#unrepairable(),
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #newRound(): Round {
    const startedAt: WallMs = this.#context.clock.wall();
    return { startedAt, after: null, checked: 0, bad: 0, repaired: 0, paused: false, over: false };
  }

  #run(): void {
    if (this.#running !== null || this.#stopped) return;
    this.#running = this.#goOn()
      .catch((error: unknown) => {
        noteThrown(this.#context, error);
      })
      .finally(() => {
        this.#running = null;
      });
  }

  async #goOn(): Promise<void> {
    const { clock, work, config, log } = this.#context;
    const goesOn = (): boolean => !this.#stopped && this.#round?.paused === false;
    const pace = createPace(clock, config.storage.scrubBytesPerSecond, () => work.inFlight > 0, goesOn);
    while (goesOn()) {
      const { rows, more } = await this.#store.index.walk(this.#round?.after ?? null, rowsAtOnce);
      for (const row of rows) {
        const { bytes, entry, payload } = await checkImage(this.#store, row.id);
        const damaged = payload === "damaged";
        if (damaged) this.#awaited.add(row.id);
        if (damaged || entry === "renewed") log({ kind: "scrub.found", image: row.id, payload: damaged });
        this.#count(row.id, damaged, entry === "renewed");
        if (!(await pace.moved(bytes))) break;
      }
      await this.#countRepaired();
      if (!more && goesOn()) await this.#mendSegments((bytes) => pace.moved(bytes));
      if (!more && goesOn()) this.#end();
      await this.#remember();
      if (!more) return;
    }
    await this.#remember();
  }

  /** At the end of a round, in which all that could be read by itself was looked at already. */
  async #mendSegments(moved: (bytes: number) => Promise<boolean>): Promise<void> {
    for (const segment of await damagedSegments(this.#store))
      if (await emptySegment(this.#store, segment, moved))
        this.#context.log({ kind: "segment.mended", segment });
  }

  #count(after: ImageId, damaged: boolean, renewed: boolean): void {
    const round = this.#round;
    if (!round) return;
    this.#round = {
      ...round,
      after,
      checked: round.checked + 1,
      bad: round.bad + Number(damaged) + Number(renewed),
      repaired: round.repaired + Number(renewed),
    };
  }

  async #countRepaired(): Promise<void> {
    for (const id of this.#awaited) {
      const holding = await this.#store.get(id);
      const open = holding?.record.kind === "image" && !holding.here;
      if (open) continue;
      this.#awaited.delete(id);
      if (this.#round && holding?.here === true)
        this.#round = { ...this.#round, repaired: this.#round.repaired + 1 };
    }
  }

  #end(): void {
    const round = this.#round;
    if (!round) return;
    this.#round = { ...round, over: true };
    if (round.checked === 0) return;
    this.#context.log({
      kind: "scrub.ended",
      checked: round.checked,
      bad: round.bad,
      ms: this.#context.clock.wall() - round.startedAt,
    });
  }

  async #remember(): Promise<void> {
    if (this.#round) await this.#store.index.setNote(noteName, JSON.stringify(this.#round));
  }

  async #recall(): Promise<void> {
    const note = await this.#store.index.note(noteName).catch(() => null);
    this.#round ??= note === null ? null : roundIn(note);
  }
}

/** What `remember` wrote; null when it is something else. */
const roundIn = (note: string): Round | null => {
  try {
    const round = JSON.parse(note) as Round;
    const numbers = [round.startedAt, round.checked, round.bad, round.repaired];
    const sound =
      numbers.every(Number.isFinite) && (round.after === null || parseImageId(round.after) !== null);
    return sound ? round : null;
  } catch {
    return null;
  }
};
