/**
 * One simulated machine: what stays when its process ends (disk, index, term, clocks), and its process, which is the
 * real node between simulated ports.
 */
import { createDirectory } from "../../../core/io/directory.ts";
import { createDoorkeeper } from "../../../core/io/doorkeeper.ts";
import { createNodeDriver, type Machine, type NodeDriver } from "../../../core/io/driver.ts";
import { createInspector } from "../../../core/io/inspector.ts";
import { createNewsDesk } from "../../../core/io/news-desk.ts";
import { createNodeCore, type NodeCore } from "../../../core/io/node-core.ts";
import { createPeers } from "../../../core/io/peers.ts";
import type { Rules } from "../../../core/io/rules.ts";
import { type Rest, serveConnection } from "../../../core/io/serve.ts";
import { createWork } from "../../../core/io/work.ts";
import type { ClusterConfig } from "../../../core/model/config.ts";
import type { PeerMemory } from "../../../core/model/control.ts";
import type { Event } from "../../../core/model/events.ts";
import { FaultError, good } from "../../../core/model/faults.ts";
import { clusterId, type NodeId, type StoreId, storeId } from "../../../core/model/ids.ts";
import type { Clock, Disk, Index, LinkEvent, SegmentId } from "../../../core/ports.ts";
import { openStore, type StoreOptions } from "../../../core/store/open.ts";
import { segmentIdOf } from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { createMemoryIndexDisk, type MemoryIndexDisk } from "../memory-index.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";
import { createSimClock, type SimClock } from "../sim-clock.ts";
import { createSimDisk, type SimDisk } from "../sim-disk.ts";
import { createSimFolder, type SimFolder } from "../sim-folder.ts";
import { createSimPool, type Endpoint, type Wires } from "./wires.ts";

export const cluster = clusterId("c".repeat(32));

/** So small that some payloads are written piece by piece, into a segment or, if they are large for it, a file of their own. */
const smallPayloadBytesMax = 12_000;

/** What a mutant may put in the place of what is right. */
export interface Parts {
  readonly machine: Machine;
  readonly rules: Rules;
  readonly rest: Rest;
  readonly disk: (disk: Disk, folder: SimFolder) => Disk;
  readonly index: (index: Index) => Index;
  readonly store: Pick<StoreOptions, "recover" | "walk" | "isSound" | "answers">;
  readonly newSegmentId: (fresh: () => SegmentId, folder: SimFolder) => SegmentId;
}

export interface HostOptions {
  readonly id: NodeId;
  readonly config: ClusterConfig;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly wires: Wires;
  readonly parts: Parts;
  readonly endpointOf: (node: NodeId) => Endpoint | null;
  readonly send: (to: NodeId, message: Parameters<NonNullable<Transport>["send"]>[1]) => void;
  readonly onEvent: (event: Event) => void;
  /** The index could not write a batch; nobody has been told yet. */
  readonly onIndexFailed: () => void;
  /** A payload gets a file of its own; and one that belongs to nobody is removed. */
  readonly onOwnFile: (what: "made" | "removed") => void;
  /** The node wants to begin anew on an empty disk. */
  readonly onOutdated: (reason: string) => void;
}
type Transport = Parameters<typeof createNodeDriver>[0]["transport"];

/** What is on the disk beside the segments. */
interface Papers {
  store: StoreId;
  generation: number;
  memories: ReadonlyMap<NodeId, PeerMemory>;
  /** What was there before is set aside. */
  replaces: boolean;
  readonly term: SimDisk;
}

export interface Process {
  readonly endpoint: Endpoint;
  readonly driver: NodeDriver;
  readonly core: NodeCore;
  readonly store: SegmentStore;
  readonly listener: ((event: LinkEvent) => void) | null;
}

export class Host {
  readonly id: NodeId;
  readonly clock: SimClock;
  readonly folder: SimFolder;
  readonly indexDisk: MemoryIndexDisk;
  /** The process that was started last; its endpoint says whether it lives. */
  process: Process | null = null;
  endpoint: Endpoint | null = null;
  starting = false;
  frozen = false;
  acceptLoss = false;
  readonly #options: HostOptions;
  #papers: Papers;
  #backlog: (() => void)[] = [];
  /** Counts processes: what belongs to an earlier one never happens. */
  #lives = 0;
  #roundsOwed = 0;
  #disks = 0;

  constructor(options: HostOptions) {
    const { id, scheduler, random } = options;
    this.id = id;
    this.#options = options;
    this.clock = createSimClock(scheduler, random.between(0.99, 1.01), random.between(0, 1_000_000));
    this.folder = createSimFolder(random);
    this.indexDisk = createMemoryIndexDisk();
    this.#papers = this.#blankPapers();
    this.#roundsOwed = 0;
  }

  get alive(): boolean {
    return this.endpoint?.alive === true;
  }

  get storeId(): StoreId {
    return this.#papers.store;
  }

  get generation(): number {
    return this.#papers.generation;
  }

  /** Starts a process on what the disk holds. What a disk that cannot be opened says is thrown. */
  async start(): Promise<void> {
    if (this.alive || this.starting) return;
    this.starting = true;
    const life = ++this.#lives;
    let over = false;
    const endpoint: Endpoint = {
      name: `node ${this.id}`,
      peer: { role: "node", cluster, id: this.id },
      clock: this.#clockOf(life),
      get alive() {
        return !over;
      },
      whenAwake: (act) => this.#whenAwake(life, act),
      accept: (connection) => {
        const { process } = this;
        if (process === null || life !== this.#lives) connection.destroy(null);
        else void serveConnection(process.core.service, connection, this.#options.parts.rest);
      },
    };
    this.endpoint = endpoint;
    this.#end = () => {
      over = true;
    };
    this.folderRepaired();
    try {
      const store = await this.#openStore(life);
      if (life === this.#lives) this.#run(life, endpoint, store);
    } finally {
      if (life === this.#lives) this.starting = false;
    }
  }

  /** The process is gone, at once; with `power` its machine is. */
  kill(power: boolean): void {
    if (!this.alive) return;
    this.#lives++;
    this.#end();
    this.process?.driver.kill();
    this.process = null;
    this.starting = false;
    this.frozen = false;
    this.#backlog = [];
    this.indexDisk.crash();
    if (this.endpoint !== null) this.#options.wires.ended(this.endpoint, power);
  }

  /** In good order; resolves when the process is gone. */
  async stop(): Promise<void> {
    const { process } = this;
    if (process === null || this.frozen) return;
    const life = this.#lives;
    await process.driver.stop();
    await process.core.workDone();
    await process.core.stop();
    await process.store.close();
    if (life === this.#lives) this.kill(false);
  }

  /** A byte somewhere on the disk is another; false when there is nothing to damage. */
  rot(): boolean {
    const isOfStore = (name: string): boolean => name.endsWith(".segment") || name.endsWith(".payload");
    if (!this.folder.rot(isOfStore)) return false;
    this.#roundsOwed = 2;
    return true;
  }

  /** Until two rounds of its check have ended: the first may have passed the place already. */
  get mayBeRotten(): boolean {
    return this.#roundsOwed > 0;
  }

  checked(): void {
    this.#roundsOwed = Math.max(0, this.#roundsOwed - 1);
  }

  /** What is on the disk is not used any more; the node begins on an empty one. The process must be gone before. */
  setAside(): void {
    this.wipe();
    this.#papers.replaces = true;
  }

  /** Everything on the disk is gone. The process must be gone before. */
  wipe(): void {
    this.folder.wipe();
    this.indexDisk.loseAll();
    this.#papers = this.#blankPapers();
  }

  /** The disk as it is now, to be put back later: all of it, or its segments alone; no process both times. */
  backup(segmentsAlone: boolean): () => void {
    const folder = this.folder.backup();
    const index = this.indexDisk.snapshot();
    const { store, generation, memories, term } = this.#papers;
    const durable = term.durable;
    const roundsOwed = this.#roundsOwed;
    return () => {
      folder();
      this.#roundsOwed = roundsOwed;
      if (segmentsAlone) return;
      this.indexDisk.restore(index);
      const paper = this.#blankPapers();
      if (durable !== null) paper.term.save(durable);
      this.#papers = { ...paper, store, generation, memories };
    };
  }

  /** A store on a copy of the disk as it is now, with an index of its own that is made from it. */
  openCopy(): Promise<SegmentStore> {
    const { config } = this.#options;
    return openStore({
      disk: this.folder.copy().open(() => Promise.resolve()),
      index: createMemoryIndexDisk().open(),
      store: this.#papers.store,
      node: this.id,
      newSegmentId: () => segmentIdOf("f".repeat(32)),
      segmentBytes: config.storage.segmentBytes,
      headroomBytes: 0,
    });
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    const backlog = this.#backlog;
    this.#backlog = [];
    for (const act of backlog) act();
  }

  folderRepaired(): void {
    this.#papers.term.repair();
  }

  linkEvent(event: LinkEvent): void {
    this.#whenAwake(this.#lives, () => this.process?.listener?.(event));
  }

  #end: () => void = () => undefined;

  #blankPapers(): Papers {
    this.#disks++;
    const store = storeId(`${this.id}${String(this.#disks).padStart(3, "0")}`.padEnd(32, "0"));
    return { store, generation: 0, memories: new Map(), replaces: false, term: createSimDisk(() => false) };
  }

  #whenAwake(life: number, act: () => void): void {
    if (life !== this.#lives || !this.alive) return;
    if (this.frozen) this.#backlog.push(act);
    else act();
  }

  /** The machine's clock for one process: it wakes nobody who has ended, and who is frozen only later. */
  #clockOf(life: number): Clock {
    return {
      monotonic: this.clock.monotonic,
      wall: this.clock.wall,
      at: (at, wake) => this.clock.at(at, () => this.#whenAwake(life, wake)),
    };
  }

  #openStore(life: number): Promise<SegmentStore> {
    const { config, random, parts } = this.#options;
    const disk = this.folder.open((operation) => this.#diskDelay(life, operation));
    const fresh = (): SegmentId =>
      segmentIdOf(
        Array.from({ length: 4 }, () => random.whole(0, 0xffffffff).toString(16).padStart(8, "0")).join(""),
      );
    return openStore({
      disk: this.#tellingOfOwnFiles(parts.disk(disk, this.folder)),
      index: parts.index(this.indexDisk.open(() => this.#indexFails(life))),
      store: this.#papers.store,
      node: this.id,
      newSegmentId: () => parts.newSegmentId(fresh, this.folder),
      segmentBytes: config.storage.segmentBytes,
      headroomBytes: config.storage.headroomBytes,
      smallPayloadBytesMax,
      ...parts.store,
    });
  }

  #tellingOfOwnFiles(disk: Disk): Disk {
    const { onOwnFile } = this.#options;
    const isOwn = (name: string): boolean => name.endsWith(".payload");
    return {
      ...disk,
      create: (name, bytes) => {
        if (isOwn(name)) onOwnFile("made");
        return disk.create(name, bytes);
      },
      remove: (name) => {
        if (isOwn(name)) onOwnFile("removed");
        return disk.remove(name);
      },
    };
  }

  /** A disk takes its time, and a process that has ended never hears of it. */
  #diskDelay(life: number, operation: "read" | "write" | "sync" | "name"): Promise<void> {
    const { scheduler, random } = this.#options;
    if (operation === "read" && random.chance(0.7)) return Promise.resolve();
    const [min, max] = operation === "sync" ? [0.2, 4] : [0.02, 0.4];
    return new Promise((resolve) => {
      scheduler.at(scheduler.now() + random.between(min, max), () => this.#whenAwake(life, resolve));
    });
  }

  /** A disk tries for a while before it gives up. */
  #indexFails(life: number): Promise<void> {
    const { scheduler, random, onIndexFailed } = this.#options;
    onIndexFailed();
    return new Promise((resolve) => {
      scheduler.at(scheduler.now() + random.between(1, 60), () => this.#whenAwake(life, resolve));
    });
  }

  #run(life: number, endpoint: Endpoint, store: SegmentStore): void {
    const { id, config, random, wires, parts, endpointOf, send, onEvent, onOutdated } = this.#options;
    const papers = this.#papers;
    const { clock } = endpoint;
    let listener: ((event: LinkEvent) => void) | null = null;
    const driver = createNodeDriver({
      id,
      cluster,
      store: papers.store,
      feedHead: store.feedHead,
      config,
      clock,
      terms: papers.term,
      entropy: random,
      acceptLoss: this.acceptLoss,
      replaces: papers.replaces,
      machine: parts.machine,
      onEvent,
      onChange: () => peers.livenessChanged(),
      onRebuild: () => core.beginRefill(),
      onOutdated,
      standing: {
        generation: papers.generation,
        memories: papers.memories,
        saveBirth: (generation, memories) => {
          papers.generation = generation;
          papers.replaces = papers.replaces && generation === 1;
          papers.memories = memories;
          return good(undefined);
        },
      },
      transport: {
        send: (to, message) => {
          if (life === this.#lives) send(to, message);
        },
        listen: (onLink) => {
          listener = onLink;
        },
      },
    });
    if (!driver.ok) throw new FaultError(driver.fault);
    const pool = createSimPool(wires, endpoint, endpointOf);
    const peers = createPeers(driver.value, pool);
    const inspector = createInspector({
      clock,
      backlogBytesMax: config.limits.inspectionBacklogBytesMax,
      atOnceMax: 2,
      decoder: this.#decoder(life),
    });
    const meter = {
      measure: () => ({
        cpu: 0.1,
        memory: 0.1,
        diskFreeBytes: Math.min(1e12, this.folder.capacityBytes - this.folder.usedBytes),
        lagMs: 0,
      }),
      close: () => undefined,
    };
    const core: NodeCore = createNodeCore({
      self: id,
      config,
      clock,
      driver: driver.value,
      store,
      peers,
      inspector,
      work: createWork(config, "the simulated disk", clock, meter),
      rules: parts.rules,
      directory: createDirectory({
        judge: () => null,
        save: () => good(undefined),
        remove: () => undefined,
        kept: [],
      }),
      doorkeeper: createDoorkeeper({
        read: () => null,
        save: () => good(undefined),
        kept: null,
        log: onEvent,
        onNews: () => undefined,
      }),
      randomBytes: (count) => Uint8Array.from({ length: count }, () => random.whole(0, 255)),
      log: onEvent,
      acceptLoss: this.acceptLoss,
      operators: { news: createNewsDesk(), drainFile: { drained: () => false, save: () => good(undefined) } },
      onBeat: () => {
        papers.memories = driver.value.memories();
      },
    });
    this.process = {
      endpoint,
      driver: driver.value,
      core,
      store,
      get listener() {
        return listener;
      },
    };
    driver.value.start();
    core.start();
  }

  #decoder(life: number) {
    const { scheduler, random } = this.#options;
    return {
      decode: () =>
        new Promise<{ readonly verdict: "ok"; readonly thumbnail: Uint8Array }>((resolve) => {
          const thumbnail = new Uint8Array(random.whole(10, 60)).fill(random.whole(1, 255));
          scheduler.at(scheduler.now() + random.between(1, 80), () =>
            this.#whenAwake(life, () => resolve({ verdict: "ok", thumbnail })),
          );
        }),
      warmUp: async () => undefined,
      close: async () => undefined,
    };
  }
}
