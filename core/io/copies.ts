/**
 * Sending a payload to its homes, and counting who has it.
 *
 * `decide/replication.ts` decides; this performs. A home that streams along gets each sealed chunk as it is
 * made. A home that comes later (a replacement, or after a retry) gets the finished payload from this node's
 * disk, or nothing when it already has the bytes.
 */

import { rendezvousOrder } from "../decide/rendezvous.ts";
import {
  beginReplication,
  canSpare,
  type Replication,
  type ReplicationEvent,
  stepReplication,
} from "../decide/replication.ts";
import { copiesWanted, majorityOf } from "../model/config.ts";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import { type ImageRecord, nextStamp } from "../model/records.ts";
import { after } from "../model/units.ts";
import type { Connection } from "./connection.ts";
import { commitOn, faultOf, goneFault, sendPayload } from "./exchange.ts";
import { Lane, laneLagMsMax } from "./lane.ts";
import type { NodeContext } from "./node-context.ts";

/** How long a silent home that cannot be replaced is waited for. */
const silenceMsMax = 2_000;

export type Acknowledgement = Result<{ readonly copies: number }>;

/** A copy that goes to another node while it is being sealed. */
interface Stream {
  readonly home: NodeId;
  readonly lane: Lane;
  readonly connection: Connection;
  /** Made for this, not taken from the pool. */
  readonly fresh: boolean;
  readonly unwatch: () => void;
}

/** The copies of one image on their way. Made by `beginCopies`; ends by itself when no copy is under way. */
export class Copies {
  readonly #context: NodeContext;
  readonly #id: ImageId;
  readonly #streams = new Map<NodeId, Stream>();
  /** Homes that are being connected to: what to do when one is lost meanwhile. */
  readonly #opening = new Map<NodeId, () => void>();
  #state: Replication;
  #record: ImageRecord | null = null;
  #locallyStored = false;
  /** Why this node cannot send the finished payload to anybody. */
  #localFault: Fault | null = null;
  #awaitingLocal: NodeId[] = [];
  #acknowledge: (result: Acknowledgement) => void = () => undefined;
  /** Resolves once: a majority has it, or cannot get it (NO_QUORUM). Never rejects. */
  readonly acknowledged: Promise<Acknowledgement>;

  constructor(context: NodeContext, id: ImageId, state: Replication) {
    this.#context = context;
    this.#id = id;
    this.#state = state;
    this.acknowledged = new Promise((resolve) => {
      this.#acknowledge = resolve;
    });
  }

  /** The nodes that have it or are getting it. */
  get homes(): readonly NodeId[] {
    return [...this.#state.stored, ...this.#state.streaming];
  }

  /** NO_QUORUM once a majority cannot be reached any more; the rest of the work would be in vain. */
  get hopeless(): Fault | null {
    const { outcome, stored, streaming, majority } = this.#state;
    if (outcome !== "failed") return null;
    return fault("NO_QUORUM", { live: stored.length + streaming.length, needed: majority });
  }

  get #others(): readonly NodeId[] {
    return this.#state.streaming.filter((node) => node !== this.#context.self);
  }

  /** Opens a stream to every other home. A home that cannot be reached is lost, not waited for. */
  async openStreams(payloadBytes: number): Promise<void> {
    await Promise.all(
      this.#others.map(
        (home) =>
          new Promise<void>((resolve) => {
            this.#opening.set(home, resolve);
            void this.#openStream(home, payloadBytes).then((opened) => {
              if (!opened.ok && this.#opening.has(home)) this.#lose(home, opened.fault);
              this.#opening.delete(home);
              resolve();
            });
          }),
      ),
    );
  }

  push(chunk: Uint8Array): void {
    for (const stream of this.#streams.values()) stream.lane.push(chunk);
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

  async #openStream(home: NodeId, payloadBytes: number): Promise<Result<void>> {
    const unwatch = this.#watch(home);
    const borrowed = await this.#context.peers.borrow(home);
    if (!borrowed.ok || !this.#opening.has(home)) {
      unwatch();
      if (!borrowed.ok) return borrowed;
      this.#context.peers.giveBack(borrowed.value.connection);
      return bad(goneFault(home));
    }
    const { connection, fresh } = borrowed.value;
    const lane = new Lane((chunk) => connection.sendChunk(chunk));
    this.#streams.set(home, { home, lane, connection, fresh, unwatch });
    try {
      await connection.send({ kind: "store", id: this.#id, payloadBytes, payloadHash: null });
      return good(undefined);
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
    const problem = (await stream.lane.finish()) ?? (await commitOn(stream.connection, stream.home, record));
    if (!this.#streams.delete(stream.home)) return; // lost meanwhile
    stream.unwatch();
    if (problem === null) {
      this.#context.peers.giveBack(stream.connection);
      this.#apply({ kind: "stored", node: stream.home });
      return;
    }
    stream.connection.destroy(problem);
    if (!stream.fresh && problem.code === "CONNECTION_LOST") {
      // It may have died in the pool, unnoticed, when its node was restarted. The node itself may be well.
      this.#recruit(stream.home);
    } else {
      this.#logDropped(stream.home, problem);
      this.#apply({ kind: "lost", node: stream.home });
    }
  }

  #recruit(home: NodeId): void {
    if (this.#localFault !== null) this.#apply({ kind: "lost", node: home });
    else if (this.#record !== null && this.#locallyStored) void this.#sendFinished(home, this.#record);
    else this.#awaitingLocal.push(home);
  }

  async #sendFinished(home: NodeId, record: ImageRecord): Promise<void> {
    const sent = await sendPayload(this.#context, home, record);
    if (sent.ok) return this.#apply({ kind: "stored", node: home });
    this.#logDropped(home, sent.fault);
    this.#apply({ kind: "lost", node: home });
  }

  #lose(home: NodeId, problem: Fault): void {
    this.#opening.get(home)?.();
    this.#opening.delete(home);
    const stream = this.#streams.get(home);
    if (stream !== undefined) this.#closeStream(stream, problem);
    this.#streams.delete(home);
    this.#logDropped(home, problem);
    this.#apply({ kind: "lost", node: home });
  }

  #closeStream(stream: Stream, problem: Fault): void {
    stream.unwatch();
    stream.lane.drop(problem);
    stream.connection.destroy(problem);
  }

  #logDropped(home: NodeId, problem: Fault): void {
    this.#context.log({ kind: "copy.dropped", image: this.#id, home, fault: problem });
  }

  #apply(event: ReplicationEvent): void {
    const [state, effects] = stepReplication(this.#state, event);
    this.#state = state;
    for (const effect of effects) {
      switch (effect.kind) {
        case "acknowledge":
          this.#acknowledge(good({ copies: effect.copies }));
          break;
        case "fail":
          this.#acknowledge(bad(fault("NO_QUORUM", { live: effect.live, needed: this.#state.majority })));
          break;
        case "recruit":
          this.#recruit(effect.node);
          break;
        case "settled":
          void this.#rememberHomes(effect.homes);
          break;
      }
    }
  }

  /** The record was written with the intended homes; when others have it in the end, say so. */
  async #rememberHomes(homes: readonly NodeId[]): Promise<void> {
    const record = this.#record;
    if (record === null || sameNodes(record.homes.value, homes) || homes.length === 0) return;
    const stamp = nextStamp(record.homes.stamp, this.#context.clock.wall(), this.#context.self);
    await this.#context.records.merge([{ ...record, homes: { stamp, value: [...homes].sort() } }]);
  }
}

/**
 * Chooses the homes of `id` among the live nodes. When fewer than a majority live it waits a moment for them to
 * be heard again; NO_QUORUM when they are not.
 */
export const beginCopies = async (context: NodeContext, id: ImageId): Promise<Result<Copies>> => {
  const majority = majorityOf(context.config.servers.length);
  await quorumHeard(context, majority);
  const live = context.driver.live();
  const preferred = rendezvousOrder(id, live);
  const state = beginReplication(context.self, preferred, copiesWanted(context.config), majority);
  if (state === null) return bad(fault("NO_QUORUM", { live: live.length, needed: majority }));
  return good(new Copies(context, id, state));
};

/** A busy machine can be deaf for a moment; an upload need not fail for that. */
const quorumMsMax = 1_000;
const quorumLookMs = 20;

const quorumHeard = async ({ driver, clock }: NodeContext, majority: number): Promise<void> => {
  const deadline = after(clock.monotonic(), quorumMsMax);
  while (driver.live().length < majority && clock.monotonic() < deadline) {
    await new Promise<void>((resolve) => {
      clock.at(after(clock.monotonic(), quorumLookMs), resolve);
    });
  }
};

const sameNodes = (a: readonly NodeId[], b: readonly NodeId[]): boolean =>
  a.length === b.length && a.every((node) => b.includes(node));
