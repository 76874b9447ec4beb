/**
 * Making up for missing copies, in the background.
 *
 * `decide/repair.ts` says what one image needs of this node. This walks round through all records, a page at a
 * look, and sleeps when nothing has changed since the last round. What is found missing is left alone for a
 * moment, because most of it is an upload whose copy is just arriving; what is missing still is fetched, a few
 * images at a time. Uploads go first: while any is under way one image is fetched at a time, and after it there
 * is rest for as long as it took.
 */
import { homesWith, homesWithout, type RepairView, repairOf } from "../decide/repair.ts";
import { copiesWanted } from "../model/config.ts";
import { type Fault, FaultError, fault } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import { type ImageRecord, nextStamp } from "../model/records.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import { faultOf } from "./exchange.ts";
import { payloadFrom } from "./fetch.ts";
import { type NodeContext, noteDisk } from "./node-context.ts";

export interface Repair {
  /** Looks around and begins what is due. Call it every few heartbeats; returns at once. */
  look(): void;
  /** Begins nothing more. */
  stop(): void;
}

/** Records that are looked at in one go; some microseconds each. */
const pageRecordsMax = 2_000;
/** How long something must have been missing before it is fetched. */
const settleMs = 2_000;
/** After a vain try it is left alone for twice as long each time, up to a limit. */
const retryMsMin = 1_000;
const retryMsMax = 30_000;
/** Then it is forgotten until the next round finds it, so that what is lost does not keep out what is not. */
const triesMax = 6;
/** Images known to be missing; the walk waits while there are more. */
const missingMax = 1_000;
const fetchesMax = 4;

interface Missing {
  readonly dueAt: MonotonicMs;
  readonly tries: number;
}

export const createRepair = (context: NodeContext): Repair => new Repairer(context);

class Repairer implements Repair {
  readonly #context: NodeContext;
  readonly #missing = new Map<ImageId, Missing>();
  readonly #running = new Set<ImageId>();
  readonly #lastLiveAt: Map<NodeId, MonotonicMs>;
  #restUntil: MonotonicMs;
  #round: Iterator<ImageRecord> | null = null;
  /** What the last whole round was about: the same again needs no other. */
  #roundOf = "";
  #nodesSeen = "";
  #stopped = false;

  constructor(context: NodeContext) {
    this.#context = context;
    const now = context.clock.monotonic();
    this.#restUntil = now;
    this.#lastLiveAt = new Map(context.config.servers.map(({ id }) => [id, now]));
  }

  look(): void {
    if (this.#stopped || this.#context.work.diskFault !== null) return;
    const view = this.#view();
    const nodes = `${view.live}/${view.takers}/${view.away}`;
    if (nodes !== this.#nodesSeen) {
      // Whoever has come may have what could not be got before.
      this.#nodesSeen = nodes;
      for (const [id, { dueAt }] of this.#missing) this.#missing.set(id, { dueAt, tries: 0 });
    }
    this.#walk(view, `${nodes}/${this.#context.records.feedHead}`);
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
      live,
      takers: live.filter((node) => loads.get(node)?.readOnly !== true),
      away: away.map(([node]) => node),
      wanted: copiesWanted(config),
    };
  }

  #walk(view: RepairView, about: string): void {
    if (this.#round === null) {
      if (about === this.#roundOf) return;
      this.#roundOf = about;
      this.#round = this.#context.records.all()[Symbol.iterator]();
    }
    const dueAt = after(this.#context.clock.monotonic(), settleMs);
    for (let looked = 0; looked < pageRecordsMax && this.#missing.size < missingMax; looked++) {
      const { value: record, done } = this.#round.next();
      if (done === true) {
        this.#round = null;
        return;
      }
      const { id } = record.facts;
      if (this.#missing.has(id) || this.#running.has(id)) continue;
      if (this.#repairOf(record, view).kind !== "none") this.#missing.set(id, { dueAt, tries: 0 });
    }
  }

  #repairOf(record: ImageRecord, view: RepairView): ReturnType<typeof repairOf> {
    const { id, payloadHash } = record.facts;
    return repairOf(record, this.#context.payloads.has(id, payloadHash), view);
  }

  /** Begins as many of the due repairs as may run now. */
  #begin(): void {
    const { clock, work } = this.#context;
    const now = clock.monotonic();
    const runningMax = work.inFlight > 0 ? 1 : fetchesMax;
    if (this.#stopped || (work.inFlight > 0 && now < this.#restUntil)) return;
    for (const [id, missing] of this.#missing) {
      if (this.#running.size >= runningMax) return;
      if (missing.dueAt > now) continue;
      this.#missing.delete(id);
      this.#running.add(id);
      void this.#repair(id, missing).finally(() => {
        this.#running.delete(id);
        const ended = clock.monotonic();
        this.#restUntil = after(ended, ended - now);
        this.#begin();
        if (work.inFlight > 0) clock.at(this.#restUntil, () => this.#begin());
      });
    }
  }

  /** Never rejects. */
  async #repair(id: ImageId, missing: Missing): Promise<void> {
    const record = this.#context.records.get(id);
    if (record === null) return;
    const view = this.#view();
    const repair = this.#repairOf(record, view);
    switch (repair.kind) {
      case "none":
        return;
      case "claim":
        await this.#setHomes(id, (homes) => homesWith(homes, view.self));
        return;
      case "fetch": {
        const problem = await this.#fetch(record, repair.from);
        if (problem === null) return;
        const tries = missing.tries + 1;
        const waitMs = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(missing.tries, 10));
        const dueAt = after(this.#context.clock.monotonic(), waitMs);
        if (tries < triesMax) this.#missing.set(id, { dueAt, tries });
        if (tries > 1 && record.homes.value.includes(view.self)) await this.#giveUp(id, problem);
      }
    }
  }

  /** Null once the payload is on this disk and the record says so; otherwise why no node could give it. */
  async #fetch(record: ImageRecord, from: readonly NodeId[]): Promise<Fault | null> {
    const { id, payloadBytes: bytes } = record.facts;
    let problem: Fault = fault("IMAGE_UNAVAILABLE", { id, reason: "no node that has it can be reached" });
    for (const node of from) {
      if (this.#stopped) break;
      const failed = await this.#fetchFrom(node, record);
      if (failed === null) {
        const { self, log } = this.#context;
        const copies = await this.#setHomes(id, (homes) => homesWith(homes, self));
        log({ kind: "copy.made", image: id, from: node, bytes, copies });
        return null;
      }
      problem = failed;
      if (failed.code === "DISK_FAILED" || failed.code === "DISK_FULL") break;
    }
    return problem;
  }

  async #fetchFrom(node: NodeId, record: ImageRecord): Promise<Fault | null> {
    const { id, payloadBytes, payloadHash } = record.facts;
    const begun = await this.#context.payloads.begin(id, payloadBytes);
    if (!begun.ok) return noteDisk(this.#context, begun.fault);
    const writer = begun.value;
    try {
      for await (const chunk of payloadFrom(this.#context, node, record)) await writer.write(chunk);
      const committed = await writer.commit(payloadHash);
      if (!committed.ok) throw new FaultError(committed.fault);
      return null;
    } catch (error) {
      await writer.abort();
      return noteDisk(this.#context, faultOf(error, `node ${node}`));
    }
  }

  async #giveUp(id: ImageId, problem: Fault): Promise<void> {
    const { self, log } = this.#context;
    await this.#setHomes(id, (homes) => homesWithout(homes, self));
    log({ kind: "copy.missing", image: id, fault: problem });
  }

  /** Gives how many homes are listed afterwards. */
  async #setHomes(id: ImageId, change: (homes: readonly NodeId[]) => readonly NodeId[]): Promise<number> {
    const { records, clock, self } = this.#context;
    const record = records.get(id);
    if (record === null) return 0;
    const { value, stamp } = record.homes;
    const homes = change(value);
    if (homes.join() === value.join()) return value.length;
    const register = { stamp: nextStamp(stamp, clock.wall(), self), value: homes };
    const merged = await records.merge([{ ...record, homes: register }]);
    if (!merged.ok) noteDisk(this.#context, merged.fault);
    return homes.length;
  }
}
