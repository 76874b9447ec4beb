/**
 * Sending a payload to its homes, and counting who has it.
 *
 * `decide/replication.ts` decides; this performs. A home that streams along gets each sealed chunk as it is
 * made. It need not be reached yet: what is made meanwhile waits in its lane, so that a home which is slow to let
 * us in holds nobody up. A home that comes later (a replacement, or after a retry) gets the finished payload from
 * this node's disk, or nothing when it already has the bytes.
 */

import { rendezvousOrder } from "../decide/rendezvous.ts";
import {
  canSpare,
  type Replication,
  type ReplicationEvent,
  roomFault,
  stepReplication,
} from "../decide/replication.ts";
import { copiesWanted, majorityOf } from "../model/config.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../model/faults.ts";
import type { ImageId, NodeId, StoreId } from "../model/ids.ts";
import type { Home, ImageRecord } from "../model/records.ts";
import { after, type WallMs } from "../model/units.ts";
import type { Connection } from "./connection.ts";
import type { Borrowed } from "./connection-pool.ts";
import { commitOn, faultOf, goneFault, sendPayload } from "./exchange.ts";
import { Lane, laneLagMsMax } from "./lane.ts";
import { type NodeContext, readyPeers } from "./node-context.ts";

/** How long a silent home that cannot be replaced is waited for. */
const silenceMsMax = 2_000;

export type Acknowledgement = Result<{ readonly copies: number }>;

/** A copy that goes to another node while it is being sealed. */
interface Stream {
  readonly home: NodeId;
  readonly lane: Lane;
  readonly unwatch: () => void;
  /** It is not under way any more. */
  readonly end: () => void;
  /** Null until the home is reached; then a `store` was sent on it. */
  borrowed: Borrowed | null;
}

/** The copies of one image on their way. Made by `beginCopies`; ends by itself when no copy is under way. */
export class Copies {
  readonly #context: NodeContext;
  readonly #id: ImageId;
  readonly #streams = new Map<NodeId, Stream>();
  #state: Replication;
  #record: ImageRecord | null = null;
  #locallyStored = false;
  /** Why this node cannot send the finished payload to anybody. */
  #localFault: Fault | null = null;
  #awaitingLocal: NodeId[] = [];
  /** Since when each home is known to have it. */
  readonly #syncedAt = new Map<NodeId, WallMs>();
  /** On which disk each home is, or was when it was chosen. */
  readonly #stores: ReadonlyMap<NodeId, StoreId>;
  #acknowledge: (result: Acknowledgement) => void = () => undefined;
  /** Resolves once: a majority has it, or cannot get it (NO_QUORUM, DISK_FULL). Never rejects. */
  readonly acknowledged: Promise<Acknowledgement>;

  constructor(context: NodeContext, id: ImageId, state: Replication) {
    this.#context = context;
    this.#id = id;
    this.#state = state;
    this.#stores = new Map([
      ...[...context.driver.peerDisks()].map(([node, { store }]) => [node, store] as const),
      [context.self, context.store.id],
    ]);
    this.acknowledged = new Promise((resolve) => {
      this.#acknowledge = resolve;
    });
  }

  /** The nodes that have it or are getting it. */
  get homes(): readonly NodeId[] {
    return [...this.#state.stored, ...this.#state.streaming];
  }

  /** The same with their disks, as the record lists them. */
  get placedHomes(): ReadonlyMap<NodeId, Home> {
    return new Map(this.homes.map((node) => [node, this.#homeOn(node, null)]));
  }

  /** NO_QUORUM or DISK_FULL once a majority cannot have it any more; the rest of the work would be in vain. */
  get hopeless(): Fault | null {
    const { outcome } = this.#state;
    return outcome.kind === "failed" ? outcome.fault : null;
  }

  get #others(): readonly NodeId[] {
    return this.#state.streaming.filter((node) => node !== this.#context.self);
  }

  /** Begins a stream to every other home. A home that cannot be reached is lost. */
  openStreams(payloadBytes: number): void {
    for (const home of this.#others) this.#openStream(home, payloadBytes);
  }

  /** How many homes each chunk goes to while it is made. */
  get lanes(): number {
    return this.#streams.size;
  }

  /** `onDone` is called once for each lane, when its home needs the chunk no more, unless something goes wrong. */
  push(chunk: Uint8Array, onDone?: () => void): void {
    for (const stream of [...this.#streams.values()]) stream.lane.push(chunk, onDone);
  }

  /** The lanes that are full, each with a way to drop it, which does nothing while it is needed for a majority. */
  fullLanes(): readonly { readonly lane: Lane; readonly drop: () => void }[] {
    return [...this.#streams.values()]
      .filter((stream) => !stream.lane.hasRoom)
      .map(({ home, lane }) => ({
        lane,
        drop: () => {
          if (!canSpare(this.#state, home)) return;
          this.#lose(home, fault("TIMED_OUT", { peer: `node ${home}`, what: "keep up", ms: laneLagMsMax }));
        },
      }));
  }

  /** The payload is whole and this is its record: homes that streamed along commit now. */
  commitStreams(record: ImageRecord): void {
    this.#record = record;
    for (const stream of [...this.#streams.values()]) void this.#commitStream(stream, record);
  }

  /** This node's own copy is synced (or could not be). */
  storedHere(record: ImageRecord, problem: Fault | null): void {
    this.#record = record;
    if (problem === null) {
      this.#locallyStored = true;
      this.#apply({ kind: "stored", node: this.#context.self });
    } else {
      this.#localFault = problem;
      this.#lose(this.#context.self, problem);
    }
    const waiting = this.#awaitingLocal;
    this.#awaitingLocal = [];
    for (const home of waiting) this.#recruit(home);
  }

  /** Sends the finished payload to every other home: the way of a retry. */
  sendToAll(record: ImageRecord): void {
    this.#record = record;
    for (const home of this.#others) this.#recruit(home);
  }

  /** Gives up: what the homes have of it is forgotten by them. */
  abort(problem: Fault): void {
    for (const stream of this.#streams.values()) this.#closeStream(stream, problem);
    this.#streams.clear();
    this.#acknowledge(bad(problem));
  }

  #openStream(home: NodeId, payloadBytes: number): void {
    const reached = Promise.withResolvers<Connection>();
    const lane = new Lane(async (chunk, onDone) => (await reached.promise).sendChunk(chunk, onDone));
    const end = this.#context.underWay.begin([this.#id]);
    const stream: Stream = { home, lane, unwatch: this.#watch(home), end, borrowed: null };
    this.#streams.set(home, stream);
    // A lane without chunks has nobody who waits for it.
    reached.promise.catch(() => undefined);
    void this.#reach(stream, payloadBytes).then((borrowed) => {
      if (borrowed.ok) return reached.resolve(borrowed.value.connection);
      reached.reject(new FaultError(borrowed.fault));
      if (this.#streams.get(home) === stream) this.#lose(home, borrowed.fault);
    });
  }

  async #reach(stream: Stream, payloadBytes: number): Promise<Result<Borrowed>> {
    const { home } = stream;
    const borrowed = await this.#context.peers.borrow(home);
    if (!borrowed.ok) return borrowed;
    const { connection } = borrowed.value;
    if (this.#streams.get(home) !== stream) {
      this.#context.peers.giveBack(connection);
      return bad(goneFault(home));
    }
    stream.borrowed = borrowed.value;
    try {
      await connection.send({ kind: "store", id: this.#id, payloadBytes, payloadHash: null });
      return borrowed;
    } catch (error) {
      return bad(faultOf(error, `node ${home}`));
    }
  }

  /**
   * A home that is no longer heard is lost at once when another can take its place. When it is needed for the
   * majority it may only be slow: its connection is still open, so it gets `silenceMsMax` to be heard again.
   */
  #watch(home: NodeId): () => void {
    const { peers, clock } = this.#context;
    let cancel = (): void => undefined;
    const onSilent = (): void => {
      if (this.#state.spare.length > 0 || canSpare(this.#state, home)) {
        this.#lose(home, goneFault(home));
        return;
      }
      cancel = clock.at(after(clock.monotonic(), silenceMsMax), () => {
        cancel = peers.watch(home, () => this.#lose(home, goneFault(home)));
      });
    };
    cancel = peers.watch(home, onSilent);
    return () => cancel();
  }

  async #commitStream(stream: Stream, record: ImageRecord): Promise<void> {
    const unsent = await stream.lane.finish();
    const { borrowed } = stream;
    if (borrowed === null) return; // It was never reached, and is lost.
    const { connection, fresh } = borrowed;
    const problem = unsent ?? (await commitOn(connection, stream.home, record));
    if (!this.#streams.delete(stream.home)) return; // lost meanwhile
    stream.unwatch();
    stream.end();
    if (problem === null) {
      this.#context.peers.giveBack(connection);
      this.#apply({ kind: "stored", node: stream.home });
      return;
    }
    connection.destroy(problem);
    if (!fresh && problem.code === "CONNECTION_LOST") {
      // It may have died in the pool, unnoticed, when its node was restarted. The node itself may be well.
      this.#recruit(stream.home);
    } else {
      this.#logDropped(stream.home, problem);
      this.#apply({ kind: "lost", node: stream.home, fault: problem });
    }
  }

  #recruit(home: NodeId): void {
    if (this.#localFault !== null) this.#apply({ kind: "lost", node: home, fault: this.#localFault });
    else if (this.#record !== null && this.#locallyStored) void this.#sendFinished(home, this.#record);
    else this.#awaitingLocal.push(home);
  }

  async #sendFinished(home: NodeId, record: ImageRecord): Promise<void> {
    const sent = await this.#context.underWay.during([this.#id], () =>
      sendPayload(this.#context, home, record),
    );
    if (sent.ok) return this.#apply({ kind: "stored", node: home });
    this.#logDropped(home, sent.fault);
    this.#apply({ kind: "lost", node: home, fault: sent.fault });
  }

  #lose(home: NodeId, problem: Fault): void {
    const stream = this.#streams.get(home);
    if (stream !== undefined) this.#closeStream(stream, problem);
    this.#streams.delete(home);
    this.#logDropped(home, problem);
    this.#apply({ kind: "lost", node: home, fault: problem });
  }

  #closeStream(stream: Stream, problem: Fault): void {
    stream.unwatch();
    stream.lane.drop(problem);
    stream.borrowed?.connection.destroy(problem);
    stream.end();
  }

  #logDropped(home: NodeId, problem: Fault): void {
    this.#context.log({ kind: "copy.dropped", image: this.#id, home, fault: problem });
  }

  #apply(event: ReplicationEvent): void {
    const [state, effects] = stepReplication(this.#state, event);
    this.#state = state;
    if (event.kind === "stored") this.#syncedAt.set(event.node, this.#context.clock.wall());
    for (const effect of effects) {
      switch (effect.kind) {
        case "acknowledge":
          this.#acknowledge(good({ copies: effect.copies }));
          break;
        case "fail":
          this.#acknowledge(bad(effect.fault));
          break;
        case "recruit":
          this.#recruit(effect.node);
          break;
        case "settled":
          this.#noteHomes(effect.homes);
          break;
      }
    }
  }

  #homeOn(node: NodeId, syncedAt: WallMs | null): Home {
    const store = this.#stores.get(node);
    if (store === undefined) throw new Error(`node ${node} was chosen as a home and never heard`);
    return { store, syncedAt };
  }

  /** The record was written with the intended homes: this is who has it in the end. */
  #noteHomes(stored: readonly NodeId[]): void {
    const record = this.#record;
    if (record === null || stored.length === 0) return;
    const intended = Object.keys(record.homes).map(Number) as NodeId[];
    const settlement = new Map<NodeId, Home | null>();
    for (const node of new Set([...intended, ...stored])) {
      const syncedAt = this.#syncedAt.get(node);
      settlement.set(
        node,
        stored.includes(node) && syncedAt !== undefined ? this.#homeOn(node, syncedAt) : null,
      );
    }
    this.#context.settlements.note(this.#id, settlement);
  }
}

/**
 * Chooses the homes of `id` among the live nodes. When fewer than a majority live it waits a moment for them to
 * be heard again; NO_QUORUM when they are not.
 */
export const beginCopies = async (context: NodeContext, id: ImageId): Promise<Result<Copies>> => {
  const majority = majorityOf(context.config.servers.length);
  await quorumHeard(context, majority);
  const others = takersOf(context);
  const preferred = rendezvousOrder(id, others);
  const state = context.rules.beginReplication(
    context.self,
    preferred,
    copiesWanted(context.config),
    majority,
  );
  if (state === null) return bad(fault("NO_QUORUM", { live: others.length + 1, needed: majority }));
  return good(new Copies(context, id, state));
};

/** DISK_FULL when too many disks of live nodes are known to have no room for a new image. */
export const noRoom = (context: NodeContext): Fault | null => {
  const loads = context.driver.loads();
  const others = readyPeers(context).flatMap((node) => {
    const load = loads.get(node);
    return load === undefined ? [] : [{ node, readOnly: load.readOnly, diskFreeBytes: load.diskFreeBytes }];
  });
  const { servers, storage } = context.config;
  return roomFault(others, majorityOf(servers.length), storage.headroomBytes);
};

/** A busy machine can be deaf for a moment; an upload need not fail for that. */
const quorumMsMax = 1_000;
const quorumLookMs = 20;

/** Peers that live, whose disks are in order and have room; but rather one without room than no majority. */
const takersOf = (context: NodeContext): readonly NodeId[] => {
  const ready = readyPeers(context);
  const loads = context.driver.loads();
  const withRoom = ready.filter((node) => loads.get(node)?.readOnly !== true);
  const needed = majorityOf(context.config.servers.length) - 1;
  return withRoom.length >= needed ? withRoom : ready;
};

const quorumHeard = async (context: NodeContext, majority: number): Promise<void> => {
  const { clock } = context;
  const deadline = after(clock.monotonic(), quorumMsMax);
  while (readyPeers(context).length + 1 < majority && clock.monotonic() < deadline) {
    await new Promise<void>((resolve) => {
      clock.at(after(clock.monotonic(), quorumLookMs), resolve);
    });
  }
};
