/**
 * A simulated cluster of whole nodes: real elections, replication and stores on simulated clocks, networks and disks,
 * with people who use it. Whatever a plan of faults may want to do to it is a method here.
 */
import type { NodeDriver } from "../../../core/io/driver.ts";
import { type ClusterConfig, copiesWanted, type Timings } from "../../../core/model/config.ts";
import type { ControlMessage } from "../../../core/model/control.ts";
import { type Event, sentenceOf } from "../../../core/model/events.ts";
import { type Fault, FaultError, wordFault } from "../../../core/model/faults.ts";
import { type NodeId, nodeId, type Term } from "../../../core/model/ids.ts";
import { createLinks, type Links } from "../links.ts";
import { calm, createNetwork, type Network } from "../network.ts";
import type { Random } from "../random.ts";
import { createScheduler, type Scheduler } from "../scheduler.ts";
import { createPerson, type Person } from "./client.ts";
import { Host, type Parts, type Process } from "./host.ts";
import { Broken, Ledger, type PromiseName } from "./ledger.ts";
import { noWholeCounts, type WholeCounters } from "./whole-counters.ts";
import { createWires, type Endpoint, type Wires } from "./wires.ts";

export interface WholeWorldOptions {
  readonly nodes: number;
  readonly timings: Timings;
  /** Copies wanted of each image; a majority at the least. */
  readonly replication: number;
  readonly random: Random;
  readonly overWire: boolean;
  /** People share their images with each other. */
  readonly sharing: boolean;
  readonly parts: Parts;
  /** Tells the story, one sentence at a time; null when nobody listens. */
  readonly tell: ((atMs: number, sentence: string) => void) | null;
}

const peopleCount = 3;
const peopleNumbers = Array.from({ length: peopleCount }, (_, index) => index + 1);
/** Short, so that images run out of their time in the trash within a run. */
export const trashMs = 1_200;

export class WholeWorld {
  readonly scheduler: Scheduler = createScheduler();
  readonly random: Random;
  readonly network: Network;
  readonly config: ClusterConfig;
  readonly ids: readonly NodeId[];
  readonly hosts: readonly Host[];
  readonly people: readonly Person[];
  readonly ledger = new Ledger(trashMs);
  readonly counters: WholeCounters = noWholeCounts();
  readonly wires: Wires;
  readonly #options: WholeWorldOptions;
  readonly #links: Links;
  readonly #leaders = new Map<Term, NodeId>();
  /** People who reach a node no more. */
  readonly #clientCuts = new Set<string>();
  #healed = false;
  /** What a node or a person did not expect: a bug. */
  #thrown: unknown = null;

  constructor(options: WholeWorldOptions) {
    const { random, nodes, timings, parts } = options;
    this.#options = options;
    this.random = random;
    this.ids = Array.from({ length: nodes }, (_, index) => nodeId(index + 1));
    this.config = configOf(this.ids, timings, options.replication);
    this.network = createNetwork(this.scheduler, random, options.overWire, (from, to, message) =>
      this.host(to).linkEvent({ kind: "message", from, message }),
    );
    this.#links = createLinks({
      scheduler: this.scheduler,
      random,
      network: this.network,
      ids: this.ids,
      isAlive: (id) => this.host(id).process !== null,
      tell: (to, event) => this.host(to).linkEvent(event),
    });
    this.wires = createWires({
      scheduler: this.scheduler,
      random,
      isCut: (from, to) => this.#isCut(from, to),
      delayMs: () => random.between(0.2, 2),
      overWire: options.overWire,
    });
    this.hosts = this.ids.map(
      (id) =>
        new Host({
          id,
          config: this.config,
          scheduler: this.scheduler,
          random,
          wires: this.wires,
          parts,
          endpointOf: (node) => this.host(node).endpoint,
          send: (to, message) => this.#send(id, to, message),
          onEvent: (event) => this.#onEvent(id, event),
          onIndexFailed: () => {
            this.counters.indexWriteFailures++;
            this.tell(`* the index of node ${id} cannot write a batch`);
          },
          onOwnFile: (what) => {
            this.counters[what === "made" ? "ownFiles" : "ownFilesRemoved"]++;
          },
          onOutdated: (reason) => this.#onOutdated(id, reason),
        }),
    );
    this.people = Array.from({ length: peopleCount }, (_, index) =>
      createPerson({
        number: index + 1,
        friends: options.sharing ? peopleNumbers.filter((number) => number !== index + 1) : [],
        config: this.config,
        scheduler: this.scheduler,
        random,
        wires: this.wires,
        ledger: this.ledger,
        counters: this.counters,
        endpointOf: (node) => this.host(node).endpoint,
      }),
    );
  }

  now(): number {
    return this.scheduler.now();
  }

  tell(sentence: string): void {
    this.#options.tell?.(this.now(), sentence);
  }

  host(id: NodeId): Host {
    const host = this.hosts[id - 1];
    if (host === undefined) throw new RangeError(`no node ${id}`);
    return host;
  }

  driver(id: NodeId): NodeDriver | null {
    return this.host(id).process?.driver ?? null;
  }

  /** Like `scheduler.at`, counted from now; forgotten when the world is healed. */
  plan(inMs: number, act: () => void): void {
    this.scheduler.at(this.now() + inMs, () => {
      if (!this.#healed) act();
    });
  }

  /** Lets time pass: everything that is due happens, and what follows from it, in the same order every time. */
  async run(untilMs: number): Promise<void> {
    while (this.scheduler.step(untilMs)) {
      await settled();
      if (this.#thrown !== null) throw this.#thrown;
    }
    await settled();
    if (this.#thrown !== null) throw this.#thrown;
  }

  /** Lets time pass until `work` is done. */
  async during<Value>(work: Promise<Value>): Promise<Value> {
    let done = false;
    const finish = (): void => {
      done = true;
    };
    work.then(finish, finish);
    await settled();
    while (!done) await this.run(this.now() + 1);
    return work;
  }

  /** Runs something in the background; what it throws ends the run. */
  begin(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#thrown ??= error;
    });
  }

  start(id: NodeId): void {
    const host = this.host(id);
    if (host.alive || host.starting) return;
    this.begin(async () => {
      try {
        await host.start();
        if (host.process === null) return;
        this.tell(`node ${id} starts on disk ${host.storeId.slice(0, 4)}`);
        this.#links.rose(id);
      } catch (error) {
        if (!(error instanceof FaultError)) throw error;
        this.#couldNotStart(host, error);
      }
    });
  }

  /** The process ends; with `power` the machine does, and what was not synced is lost. */
  crash(id: NodeId, power: boolean): void {
    const host = this.host(id);
    if (!host.alive && !host.starting) return;
    this.counters.crashes++;
    if (power) this.counters.powerCuts++;
    this.tell(`* node ${id} ${power ? "loses its power" : "crashes"}`);
    this.#kill(host, power);
    if (power) {
      host.folder.powerFails();
      host.indexDisk.loseLast(this.random.whole(0, 6));
    }
  }

  stop(id: NodeId): void {
    const host = this.host(id);
    if (host.process === null || host.frozen) return;
    this.counters.stops++;
    this.tell(`* node ${id} is asked to stop`);
    this.begin(async () => {
      const { process } = host;
      await host.stop();
      if (host.process === null || host.process === process) this.#links.fell(id);
    });
  }

  freeze(id: NodeId, forMs: number): void {
    const host = this.host(id);
    if (host.process === null || host.frozen) return;
    this.counters.freezes++;
    this.tell(`* node ${id} freezes for ${Math.round(forMs)} ms`);
    const { process } = host;
    host.freeze();
    this.plan(forMs, () => {
      if (host.process === process) this.#thaw(host);
    });
  }

  /** The disk is lost, or put back to what it was. */
  replaceDisk(id: NodeId, how: (host: Host) => void): void {
    const host = this.host(id);
    this.#kill(host);
    how(host);
  }

  cutClient(person: Person, id: NodeId): void {
    this.#clientCuts.add(`${person.endpoint.name}>node ${id}`);
  }

  mendClients(): void {
    this.#clientCuts.clear();
  }

  /** Everything works again: nodes run, links carry, disks have room. */
  heal(): void {
    this.tell("* everything is mended");
    this.#healed = true;
    this.network.setWeather(calm);
    this.network.mend();
    this.mendClients();
    for (const host of this.hosts) {
      host.folder.repair();
      host.indexDisk.repair();
      if (host.frozen) this.#thaw(host);
    }
    this.tend();
    this.#links.reconnect();
  }

  /** A node whose disk has failed, or that has stopped, is started anew, as an operator would. */
  tend(): void {
    for (const host of this.hosts) {
      const { process } = host;
      const sick = process !== null && diskFaultOf(process) !== null;
      const stopping = process !== null && process.driver.state().stop.kind !== "no";
      if (sick || stopping || (host.alive && process === null && !host.starting)) this.#kill(host);
      this.start(host.id);
    }
  }

  get copiesWanted(): number {
    return copiesWanted(this.config);
  }

  #kill(host: Host, power = false): void {
    if (!host.alive && !host.starting) return;
    host.kill(power);
    this.#links.fell(host.id);
  }

  #thaw(host: Host): void {
    this.tell(`* node ${host.id} wakes`);
    host.thaw();
  }

  /** A disk that cannot be opened is set aside, as the program does it; one that failed waits for its next start. */
  #couldNotStart(host: Host, error: FaultError): void {
    this.tell(`node ${host.id} cannot start: ${wordFault(error.fault).what}`);
    this.#kill(host);
    if (error.fault.code === "STORE_DAMAGED") {
      this.counters.setAside++;
      host.setAside();
      this.start(host.id);
    } else {
      this.scheduler.at(this.now() + 300, () => this.start(host.id));
    }
  }

  #onOutdated(id: NodeId, reason: string): void {
    this.counters.outdated++;
    this.tell(`node ${id} begins anew: ${reason}`);
    const host = this.host(id);
    // Not from within its own step.
    this.scheduler.at(this.now(), () => {
      this.#kill(host);
      host.setAside();
      this.start(id);
    });
  }

  #breaks(promise: PromiseName, detail: string): void {
    this.#thrown ??= new Broken(promise, detail);
  }

  #judgeLeader(id: NodeId, term: Term): void {
    const other = this.#leaders.get(term) ?? id;
    this.#leaders.set(term, id);
    if (other !== id) this.#breaks("oneLeader", `node ${other} and node ${id} lead term ${term}`);
  }

  /** `ms`: how long the node says that it took, by its own clock, which may be slow by a hundredth. */
  #judgeRefill(id: NodeId, ms: number): void {
    const runOutMs = 2 * this.config.timings.electionTimeoutMs;
    if (ms < runOutMs)
      this.#breaks("forgottenVotes", `node ${id} was filled within ${Math.round(ms)} ms of ${runOutMs}`);
  }

  #send(from: NodeId, to: NodeId, message: ControlMessage): void {
    this.network.send(from, to, message);
  }

  #isCut(from: Endpoint, to: Endpoint): boolean {
    const [a, b] = [from.peer, to.peer];
    if (a.role === "node" && b.role === "node") return this.network.isCut(a.id, b.id);
    const [person, node] = a.role === "node" ? [to, from] : [from, to];
    return this.#clientCuts.has(`${person.name}>${node.name}`);
  }

  #onEvent(id: NodeId, event: Event): void {
    if (this.#options.tell !== null) this.tell(sentenceOf(id, event));
    const { counters } = this;
    switch (event.kind) {
      case "election.started":
        counters.elections++;
        return;
      case "disk.failed":
        counters.diskFailures++;
        return;
      case "disk.rebuilding":
        counters.rebuilds++;
        return;
      case "leader.elected":
        if (event.leader === id) this.#judgeLeader(id, event.term);
        return;
      case "disk.refilled":
        counters.refills++;
        this.#judgeRefill(id, event.ms);
        return;
      case "copy.made":
        counters.copiesMade++;
        return;
      case "copy.dropped":
        counters.copiesDropped++;
        return;
      case "scrub.ended":
        this.host(id).checked();
        return;
      case "segment.mended":
      case "scrub.found":
        counters.scrubFinds++;
        return;
      case "segment.compacted":
        counters.compactions++;
        return;
      case "records.compared":
        counters.digestRepairs++;
        return;
      case "records.pulled":
        counters.recordsPulled += event.records;
        return;
      default:
        return;
    }
  }
}

const diskFaultOf = ({ store, core }: Process): Fault | null =>
  store.fault ?? core.service.context.work.diskFault;

/**
 * Until no promise has anything more to do: a tick that is asked for by a promise comes when all promises have had their
 * turn. Timers and disks of the simulation are not among them.
 */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const configOf = (ids: readonly NodeId[], timings: Timings, replication: number): ClusterConfig => ({
  servers: ids.map((id) => ({ id, host: "127.0.0.1", port: 8_000 + id })),
  replication,
  timings,
  images: { inspect: "decode", recoveryRecipient: null },
  limits: {
    imageBytesMax: 1e8,
    imagePixelsMax: 1e8,
    inspectionBacklogBytesMax: 1e8,
    uploadsInFlightMax: 100,
    connectionsMax: 100,
  },
  storage: {
    engine: "segments",
    headroomBytes: 0,
    segmentBytes: 262_144,
    trashMs,
    scrubEveryMs: 3_000,
    scrubBytesPerSecond: 1e7,
    compactBytesPerSecond: 1e7,
    upkeepMs: 1_000,
  },
});
