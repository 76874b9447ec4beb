/**
 * What a disk needs besides being written to: purged images erased, tombstones forgotten, the trash emptied, dead
 * space given back, what was missed made up for. One thing at a time, beside the uploads, which go first.
 */
import type { ImageId, NodeId, StoreId } from "../model/ids.ts";
import type { AnyRecord, Tombstone } from "../model/records.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import { compact, segmentToCompact } from "../store/compaction.ts";
import { dropTombstones, erasePurged } from "../store/eraser.ts";
import type { SegmentStore } from "../store/store.ts";
import { syncWith } from "./digest-sync.ts";
import { disksOfAll, type NodeContext, noteThrown, readyPeers } from "./node-context.ts";
import { createPace } from "./pace.ts";
import { settle, tellAll } from "./write-back.ts";

export interface Upkeep {
  /** Does what is due, unless it is at it already. Call it every few heartbeats; returns at once. */
  look(): void;
  stop(): Promise<void>;
}

/** At a time, so that nothing else waits for long. */
const eraseMax = 64;
const forgetMax = 256;
/** Tombstones that may go and are kept a while; the others wait until these have gone. */
const ripeMax = 65_536;
const trashPageMax = 256;
const compactMsMax = 1_000;

interface Job {
  readonly everyMs: number;
  readonly run: () => Promise<void>;
  dueAt: MonotonicMs;
}

export const createUpkeep = (context: NodeContext, store: SegmentStore): Upkeep =>
  new DiskUpkeep(context, store);

class DiskUpkeep implements Upkeep {
  readonly #context: NodeContext;
  readonly #store: SegmentStore;
  readonly #nodes: readonly NodeId[];
  readonly #jobs: readonly Job[];
  #stopped = false;
  #running: Promise<void> | null = null;
  #nextPeer = 0;
  #forgetFrom: ImageId | null = null;
  /** Tombstones that all have acknowledged, and since when that is known here. */
  readonly #ripeSince = new Map<ImageId, MonotonicMs>();

  constructor(context: NodeContext, store: SegmentStore) {
    this.#context = context;
    this.#store = store;
    this.#nodes = context.config.servers.map(({ id }) => id);
    const { upkeepMs } = context.config.storage;
    const job = (everyMs: number, run: () => Promise<void>): Job => ({
      everyMs,
      run,
      dueAt: context.clock.monotonic(),
    });
    this.#jobs = [
      job(upkeepMs / 40, () => this.#erase()),
      job(upkeepMs / 4, () => this.#forget()),
      job(upkeepMs, () => this.#emptyTrash()),
      job(upkeepMs / 20, () => this.#giveBack()),
      job(upkeepMs, () => this.#compare()),
      job(upkeepMs * 60, () => this.#sweep()),
    ];
  }

  look(): void {
    if (this.#stopped) return;
    this.#running ??= this.#runDue().finally(() => {
      this.#running = null;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #runDue(): Promise<void> {
    const { clock, driver } = this.#context;
    for (const due of this.#jobs) {
      if (this.#stopped || !driver.ready || this.#store.fault !== null) return;
      if (clock.monotonic() < due.dueAt) continue;
      try {
        await due.run();
      } catch (error) {
        noteThrown(this.#context, error);
      }
      due.dueAt = after(clock.monotonic(), due.everyMs);
    }
  }

  async #erase(): Promise<void> {
    while (!this.#stopped && (await erasePurged(this.#store, eraseMax)) === eraseMax);
  }

  async #forget(): Promise<void> {
    const context = this.#context;
    const { rules, config, clock } = context;
    const known = disksOfAll(context);
    const keptMs = rules.tombstoneMs(config.storage.upkeepMs);
    const now = clock.monotonic();
    const mayGo = (tombstone: Tombstone): boolean => {
      const { id } = tombstone;
      const ripe = rules.mayForget(tombstone, this.#nodes, known);
      const since = this.#ripeSince.get(id);
      if (!ripe) this.#ripeSince.delete(id);
      else if (since === undefined && this.#ripeSince.size < ripeMax) this.#ripeSince.set(id, now);
      return ripe && now - (since ?? now) >= keptMs;
    };
    const forgetting = { mayGo, tellAll: (tombstones: readonly Tombstone[]) => tellAll(context, tombstones) };
    const { dropped, next } = await dropTombstones(this.#store, forgetting, this.#forgetFrom, forgetMax);
    this.#forgetFrom = next;
    for (const id of dropped) this.#ripeSince.delete(id);
  }

  /** Step by step, as `decide/erasure.ts` says: give our word for what has been there long enough, then purge it. */
  async #emptyTrash(): Promise<void> {
    const { clock, config, rules, self } = this.#context;
    const { trashMs } = config.storage;
    let at: ImageId | null = null;
    for (;;) {
      const page = await this.#store.index.trashedBefore(clock.wall() - trashMs, at, trashPageMax);
      const changed: AnyRecord[] = [];
      for (const { id } of page.rows) {
        at = id;
        const holding = await this.#store.get(id);
        if (holding?.record.kind !== "image") continue;
        const view = { self, nodes: this.#nodes, ready: this.#readyDisks(), trashMs, now: clock.wall() };
        const erasure = rules.erasureOf(holding.record, view);
        if (erasure.kind === "condemn") changed.push(erasure.record);
        // The words first to a majority: so a node whose disk burns now hears, while it is refilled, of its own.
        if (erasure.kind === "purge" && (await settle(this.#context, [holding])).ok)
          changed.push(erasure.tombstone);
      }
      if (changed.length > 0) await this.#store.merge(changed);
      if (!page.more || this.#stopped) return;
    }
  }

  /** The disks of the nodes that may speak, this one included. */
  #readyDisks(): ReadonlyMap<NodeId, StoreId> {
    const ready = new Map([[this.#context.self, this.#store.id]]);
    const heard = this.#context.driver.peerDisks();
    for (const peer of readyPeers(this.#context)) {
      const disk = heard.get(peer);
      if (disk !== undefined) ready.set(peer, disk.store);
    }
    return ready;
  }

  async #giveBack(): Promise<void> {
    const segment = await segmentToCompact(this.#store);
    if (segment === null) return;
    const { clock, config, work, log } = this.#context;
    const until = after(clock.monotonic(), compactMsMax);
    const goesOn = (): boolean => !this.#stopped && clock.monotonic() < until;
    const pace = createPace(clock, config.storage.compactBytesPerSecond, () => work.inFlight > 0, goesOn);
    const done = await compact(this.#store, segment, (bytes) => pace.moved(bytes));
    if (done) log({ kind: "segment.compacted", segment });
  }

  async #compare(): Promise<void> {
    const peers = readyPeers(this.#context);
    const peer = peers[this.#nextPeer++ % Math.max(1, peers.length)];
    if (peer === undefined) return;
    const synced = await syncWith(this.#context, peer);
    if (synced.ok && synced.value > 0)
      this.#context.log({ kind: "records.compared", peer, records: synced.value });
  }

  /** Large payloads have files of their own; one whose upload broke off belongs to nobody. */
  async #sweep(): Promise<void> {
    for (const name of await this.#store.segments.payloadFiles()) {
      if (this.#stopped) return;
      await this.#store.removeIfUnused(name);
    }
  }
}
