/**
 * Making up for missing copies, in the background.
 *
 * `decide/repair.ts` says which sets of homes may need something of this node, and what one image needs. So what costs
 * time is only what is missing, not what is there. What is found is left alone for a moment, because most of it is an
 * upload whose copy is just arriving; what is missing still is fetched, a few images at a time.
 * Uploads go first: while any is under way one image is fetched at a time, and after it there is rest for as long as
 * it took, up to a limit. To say of a copy that it is here costs next to nothing, and waits for no fetch.
 */
import {
  claimed,
  mayNeedRepair,
  type Repair as Need,
  type RepairView,
  repairOf,
  struckOut,
} from "../decide/repair.ts";
import { copiesWanted } from "../model/config.ts";
import { type Fault, FaultError, fault } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import { homesOf, type ImageRecord } from "../model/records.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import type { HoldingsPage, HomeSet } from "../ports.ts";
import { faultOf } from "./exchange.ts";
import { payloadFrom } from "./fetch.ts";
import { disksOfAll, type NodeContext, noteDisk, noteThrown } from "./node-context.ts";

export interface Repair {
  /** Looks around and begins what is due. Call it every few heartbeats; returns at once. */
  look(): void;
  /** Bytes of payloads that were fetched since the start, and images that no node could give. */
  readonly fetchedBytes: number;
  readonly unrepairable: number;
  /** Begins nothing more. */
  stop(): void;
}

/** Records that are looked at in one go; some microseconds each. */
const pageRecordsMax = 500;
/** How long something must have been missing before it is fetched. */
const settleMs = 2_000;
/** After a vain try it is left alone for twice as long each time, up to a limit. */
const retryMsMin = 1_000;
const retryMsMax = 30_000;
/** Then it is left alone for this long, so that what is lost does not keep out what is not; or until a node comes. */
const triesMax = 6;
const hopelessMs = 600_000;
const hopelessMax = 10_000;
/** A search takes no more than this share of the time. */
const searchShare = 0.1;
/** While uploads are under way, whose copies are just arriving, it is made no more often than this. */
const searchRestMs = 1_000;
/** Images known to be missing; the search waits while there are more. */
const missingMax = 1_000;
const fetchesMax = 4;
const claimsMax = 32;
/** A fetch that was slow because the other node was needs no rest for as long. */
const restMsMax = 1_000;

/** A copy that is not here, or one that is here and not listed. */
interface Missing {
  readonly kind: Exclude<Need["kind"], "none">;
  readonly dueAt: MonotonicMs;
  readonly tries: number;
}

export const createRepair = (context: NodeContext): Repair => new Repairer(context);

class Repairer implements Repair {
  readonly #context: NodeContext;
  readonly #missing = new Map<ImageId, Missing>();
  readonly #running = { fetch: new Set<ImageId>(), claim: new Set<ImageId>() };
  /** Which no node could give, and until when that is believed. */
  readonly #hopeless = new Map<ImageId, MonotonicMs>();
  readonly #lastLiveAt: Map<NodeId, MonotonicMs>;
  #restUntil: MonotonicMs;
  #searching = false;
  #searchDueAt: MonotonicMs;
  #nodesSeen = "";
  #stopped = false;
  fetchedBytes = 0;
  unrepairable = 0;

  constructor(context: NodeContext) {
    this.#context = context;
    const now = context.clock.monotonic();
    this.#restUntil = now;
    this.#searchDueAt = now;
    this.#lastLiveAt = new Map(context.config.servers.map(({ id }) => [id, now]));
  }

  look(): void {
    const { driver, work } = this.#context;
    const view = this.#view();
    if (this.#stopped || !driver.ready || work.diskFault !== null) return;
    const nodes = `${view.live}/${view.takers}/${view.away}/${[...view.stores]}`;
    if (nodes !== this.#nodesSeen) {
      // Whoever has come may have what could not be got before.
      this.#nodesSeen = nodes;
      for (const [id, missing] of this.#missing) this.#missing.set(id, { ...missing, tries: 0 });
      this.#hopeless.clear();
    }
    void this.#search(view);
    this.#begin();
  }

  stop(): void {
    this.#stopped = true;
  }

  #view(): RepairView {
    const { self, driver, clock, config } = this.#context;
    const now = clock.monotonic();
    const live = driver.live();
    const loads = driver.loads();
    for (const node of live) this.#lastLiveAt.set(node, now);
    const away = [...this.#lastLiveAt].filter(([, at]) => now - at > config.timings.stableWindowMs);
    return {
      self,
      stores: disksOfAll(this.#context),
      live,
      takers: live.filter((node) => loads.get(node)?.readOnly !== true),
      away: away.map(([node]) => node),
      wanted: copiesWanted(config),
    };
  }

  /** Looks for images that are missing, as far as so many more can be remembered. */
  async #search(view: RepairView): Promise<void> {
    const { clock } = this.#context;
    const begunAt = clock.monotonic();
    if (this.#searching || begunAt < this.#searchDueAt) return;
    this.#searching = true;
    try {
      for (const set of await this.#context.store.homeSets())
        if (mayNeedRepair(set, view)) await this.#searchIn(set, view);
    } catch (error) {
      noteThrown(this.#context, error);
    } finally {
      this.#searching = false;
      const endedAt = clock.monotonic();
      const restMs = this.#context.work.inFlight > 0 ? searchRestMs : 0;
      this.#searchDueAt = after(endedAt, Math.max(restMs, (endedAt - begunAt) / searchShare));
    }
  }

  async #searchIn(set: HomeSet, view: RepairView): Promise<void> {
    const { store, clock } = this.#context;
    let at: ImageId | null = null;
    while (!this.#stopped && this.#missing.size < missingMax) {
      const page: HoldingsPage = await store.inHomeSet(set, at, pageRecordsMax);
      const now = clock.monotonic();
      const dueAt = after(now, settleMs);
      for (const { record, here } of page.holdings) {
        if (record.kind === "tombstone") continue;
        const { id } = record.facts;
        at = id;
        if (this.#missing.has(id) || this.#isRunning(id) || this.#isHopeless(id, now)) continue;
        const { kind } = repairOf(record, here, view);
        if (kind !== "none") this.#missing.set(id, { kind, dueAt, tries: 0 });
      }
      if (!page.more) return;
    }
  }

  #isRunning(id: ImageId): boolean {
    return this.#running.fetch.has(id) || this.#running.claim.has(id);
  }

  #isHopeless(id: ImageId, now: MonotonicMs): boolean {
    return now < (this.#hopeless.get(id) ?? now);
  }

  #leaveAlone(id: ImageId, until: MonotonicMs): void {
    this.#hopeless.delete(id);
    this.#hopeless.set(id, until);
    const [oldest] = this.#hopeless.keys();
    if (this.#hopeless.size > hopelessMax && oldest !== undefined) this.#hopeless.delete(oldest);
  }

  /** Begins as many of the due repairs as may run now. */
  #begin(): void {
    const { clock, work } = this.#context;
    const now = clock.monotonic();
    for (const [id, missing] of this.#missing) {
      if (this.#stopped || work.diskFault !== null) return;
      if (missing.dueAt > now || !this.#hasTurn(missing.kind, now)) continue;
      this.#missing.delete(id);
      const running = this.#running[missing.kind];
      running.add(id);
      void this.#repair(id, missing)
        .catch((error: unknown) => noteThrown(this.#context, error))
        .finally(() => {
          running.delete(id);
          if (missing.kind === "fetch") this.#rest(now);
          this.#begin();
        });
    }
  }

  #hasTurn(kind: Missing["kind"], now: MonotonicMs): boolean {
    const running = this.#running[kind].size;
    if (kind === "claim") return running < claimsMax;
    return this.#context.work.inFlight > 0 ? running === 0 && now >= this.#restUntil : running < fetchesMax;
  }

  /** After a fetch that began then. */
  #rest(begunAt: MonotonicMs): void {
    const { clock, work } = this.#context;
    const now = clock.monotonic();
    this.#restUntil = after(now, Math.min(restMsMax, now - begunAt));
    if (work.inFlight > 0) clock.at(this.#restUntil, () => this.#begin());
  }

  /** What it reads now it may write down much later. Rejects with a FaultError when this disk cannot say what it has. */
  #repair(id: ImageId, missing: Missing): Promise<void> {
    return this.#context.underWay.during([id], () => this.#repairNow(id, missing));
  }

  async #repairNow(id: ImageId, missing: Missing): Promise<void> {
    const { store, clock, self } = this.#context;
    const holding = await store.get(id);
    if (holding?.record.kind !== "image") return;
    const { record, here } = holding;
    const repair = repairOf(record, here, this.#view());
    switch (repair.kind) {
      case "none":
        return;
      case "claim":
        await this.#merge(claimed(record, self, store.id, clock.wall()));
        return;
      case "fetch":
        // It was here a moment ago: now it takes its turn.
        if (missing.kind === "claim") this.#missing.set(id, { ...missing, kind: "fetch" });
        else await this.#make(record, repair.from, missing);
    }
  }

  /** Fetches a copy, or puts it off. */
  async #make(record: ImageRecord, from: readonly NodeId[], missing: Missing): Promise<void> {
    const { id } = record.facts;
    const { clock, self } = this.#context;
    const problem = await this.#fetch(record, from);
    if (problem === null) return;
    const tries = missing.tries + 1;
    const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(missing.tries, 10));
    const now = clock.monotonic();
    if (tries < triesMax) this.#missing.set(id, { kind: "fetch", dueAt: after(now, waitMs), tries });
    else this.#leaveAlone(id, after(now, hopelessMs));
    const listed = homesOf(record).some(({ node }) => node === self);
    if (tries > 1 && listed) await this.#giveUp(record, problem);
  }

  /** Null once the payload is on this disk and the record says so; otherwise why no node could give it. */
  async #fetch(record: ImageRecord, from: readonly NodeId[]): Promise<Fault | null> {
    const { id, payloadBytes: bytes } = record.facts;
    let problem: Fault = fault("IMAGE_UNAVAILABLE", { id, reason: "no node that has it can be reached" });
    for (const node of from) {
      if (this.#stopped) break;
      const failed = await this.#fetchFrom(node, record);
      if (failed === null) {
        this.fetchedBytes += bytes;
        this.#context.log({ kind: "copy.made", image: id, from: node, bytes });
        return null;
      }
      problem = failed;
      if (failed.code === "DISK_FAILED" || failed.code === "DISK_FULL") break;
    }
    return problem;
  }

  async #fetchFrom(node: NodeId, record: ImageRecord): Promise<Fault | null> {
    const { id, payloadBytes } = record.facts;
    const { store, clock, self } = this.#context;
    const begun = await store.begin(id, payloadBytes);
    if (!begun.ok) return noteDisk(this.#context, begun.fault);
    const writer = begun.value;
    try {
      for await (const chunk of payloadFrom(this.#context, node, record)) await writer.write(chunk);
      const committed = await writer.commit(claimed(record, self, store.id, clock.wall()));
      if (!committed.ok) throw new FaultError(committed.fault);
      return null;
    } catch (error) {
      await writer.abort();
      return noteDisk(this.#context, faultOf(error, `node ${node}`));
    }
  }

  /** Says that it has none; if it is listed for one because nobody has it any more, that is a loss. */
  async #giveUp(record: ImageRecord, problem: Fault): Promise<void> {
    const { self, log, clock } = this.#context;
    this.unrepairable++;
    await this.#merge(struckOut(record, self, clock.wall()));
    log({ kind: "copy.missing", image: record.facts.id, fault: problem });
  }

  async #merge(record: ImageRecord): Promise<void> {
    const merged = await this.#context.store.merge([record]);
    if (!merged.ok) noteDisk(this.#context, merged.fault);
  }
}
