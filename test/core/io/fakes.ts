/**
 * Nodes without network: each has a store in memory and answers the others' requests with the real functions, unless a
 * test scripts what it answers. Time goes when the test says so.
 */
import type { Connection, Incoming } from "../../../core/io/connection.ts";
import type { Freshness } from "../../../core/io/freshness.ts";
import type { NodeContext, Peers } from "../../../core/io/node-context.ts";
import { realRules } from "../../../core/io/rules.ts";
import { serveMerge } from "../../../core/io/serve-change.ts";
import { serveBucket, serveDigests, servePull, serveRecords } from "../../../core/io/serve-read.ts";
import type { ClusterConfig } from "../../../core/model/config.ts";
import type { Event } from "../../../core/model/events.ts";
import { type Fault, FaultError, fault, good, type Result } from "../../../core/model/faults.ts";
import { type NodeId, nodeId, type StoreId } from "../../../core/model/ids.ts";
import type { Message, Reply, Request } from "../../../core/model/messages.ts";
import { UnderWay } from "../../../core/store/under-way.ts";
import { configOf } from "../../support/configs.ts";
import type { ManualClock } from "../../support/manual-clock.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { storeOf } from "../../support/records.ts";

/** What is answered to a request; null: nothing, ever. */
export type Answer = (request: Request) => Promise<Reply | Fault | null> | Reply | Fault | null;

type FakeDriver = Pick<
  NodeContext["driver"],
  "ready" | "standingFault" | "live" | "peerDisks" | "memories" | "reportPulled"
>;

export class FakeNode {
  readonly id: NodeId;
  readonly store: MemoryStore;
  readonly clock: ManualClock;
  readonly config: ClusterConfig;
  readonly context: NodeContext;
  /** Requests that this node was asked, in order. */
  readonly asked: Request[] = [];
  readonly events: Event[] = [];
  /** What was reported as pulled, in order. */
  readonly pulled: { readonly peer: NodeId; readonly store: StoreId; readonly upTo: number }[] = [];
  /** Up to which change each peer is said to have this node's feed. */
  readonly hasOfOurs = new Map<NodeId, number>();
  readonly #others: ReadonlyMap<NodeId, FakeNode>;
  /** Whether this node lives, and whether its disk may speak. */
  live = true;
  ready = true;
  /** Not given: as a real node. */
  answer: Answer = (request) => this.#serve(request);

  constructor(id: number, nodes: number, others: ReadonlyMap<NodeId, FakeNode>, clock: ManualClock) {
    this.id = nodeId(id);
    this.store = new MemoryStore(storeOf(id));
    this.clock = clock;
    this.config = configOf(nodes);
    this.#others = others;
    // What these parts of a node touch, and no more.
    const context: Pick<NodeContext, "self" | "config" | "clock" | "store" | "rules" | "log"> & {
      readonly driver: FakeDriver;
      readonly peers: Peers;
      readonly work: Pick<NodeContext["work"], "failDisk">;
      readonly underWay: UnderWay;
    } = {
      self: this.id,
      config: this.config,
      clock,
      store: this.store,
      rules: realRules,
      log: (event) => this.events.push(event),
      peers: this.#peers(),
      work: { failDisk: () => undefined },
      underWay: new UnderWay(),
      driver: this.#driver(),
    };
    this.context = context as NodeContext;
  }

  #peers(): Peers {
    return {
      borrow: async (node) => good({ connection: this.#connection(this.#other(node)), fresh: true }),
      giveBack: () => undefined,
      watch: (node, onDown) => {
        if (!this.#other(node).live) onDown();
        return () => undefined;
      },
    };
  }

  #driver(): FakeDriver {
    const isReady = (): boolean => this.ready;
    return {
      get ready() {
        return isReady();
      },
      standingFault: () => (isReady() ? null : fault("NODE_NOT_READY", { reason: "it is rebuilding" })),
      live: () => [...this.#others.values()].filter(({ live }) => live).map(({ id }) => id),
      peerDisks: () =>
        new Map(
          [...this.#others.values()]
            .filter((other) => other !== this)
            .map(({ id, store, ready, clock }) => [
              id,
              {
                store: store.id,
                feedHead: store.feedHead,
                ready,
                heardAt: clock.monotonic(),
                hasOfOurs: this.hasOfOurs.get(id) ?? 0,
              },
            ]),
        ),
      memories: () =>
        new Map(
          [...this.#others.values()].map(({ id, store: { id: store, feedHead } }) => [
            id,
            { run: 1, latest: { generation: 1, store, saves: 1, feedHead }, before: null },
          ]),
        ),
      reportPulled: (peer, store, upTo) => this.pulled.push({ peer, store, upTo }),
    };
  }

  #other(node: NodeId): FakeNode {
    const other = this.#others.get(node);
    if (other === undefined) throw new Error(`no node ${node}`);
    return other;
  }

  #connection(other: FakeNode): Connection {
    const incoming: Promise<Incoming>[] = [];
    const cut = Promise.withResolvers<never>();
    cut.promise.catch(() => undefined);
    const connection: Pick<Connection, "remote" | "idle" | "send" | "receive" | "destroy"> = {
      remote: `node ${other.id}`,
      idle: true,
      send: async (message: Message) => {
        const request = message as Request;
        other.asked.push(request);
        incoming.push(Promise.race([cut.promise, replyOf(other, request)]));
      },
      receive: () => incoming.shift() ?? cut.promise,
      destroy: (problem) => cut.reject(new FaultError(problem ?? lostFault(other.id))),
    };
    return connection as Connection;
  }

  /** What a real node would answer. */
  async #serve(request: Request): Promise<Reply | null> {
    let reply: Message | null = null;
    const connection = {
      remote: "a peer",
      send: async (message: Message) => {
        reply = message;
      },
    } as Pick<Connection, "remote" | "send"> as Connection;
    const { context } = this;
    switch (request.kind) {
      case "pull":
        await servePull(context, connection, request);
        break;
      case "digests":
        await serveDigests(context, connection);
        break;
      case "bucket":
        await serveBucket(context, connection, request);
        break;
      case "records":
        await serveRecords(context, connection, request);
        break;
      case "merge":
        await serveMerge(context, connection, request);
        break;
      default:
        throw new Error(`nobody answers '${request.kind}' here`);
    }
    return reply;
  }
}

const replyOf = async (other: FakeNode, request: Request): Promise<Incoming> => {
  const reply = await other.answer(request);
  if (reply === null) return new Promise(() => undefined);
  if (reply.kind === "fault") throw new FaultError(reply);
  return { kind: "message", message: reply };
};

export const lostFault = (node: NodeId): Fault =>
  fault("CONNECTION_LOST", { peer: `node ${node}`, reason: "it was cut" });

/** So many nodes, by id. */
export const fakeNodes = (nodes: number, clock: ManualClock): ReadonlyMap<NodeId, FakeNode> => {
  const all = new Map<NodeId, FakeNode>();
  for (let id = 1; id <= nodes; id++) {
    const node = new FakeNode(id, nodes, all, clock);
    all.set(node.id, node);
  }
  return all;
};

/** A freshness that is always good, and counts how often it was asked. */
export const alwaysFresh = (): Freshness & { asked: number } => ({
  asked: 0,
  async catchUp(): Promise<Result<void>> {
    this.asked++;
    return good(undefined);
  },
  pullNews: async () => undefined,
  pull: async () => good(undefined),
  pulledBytes: 0,
});
