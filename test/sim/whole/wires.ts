/**
 * Request connections between simulated processes, with what TCP does and does not promise: bytes arrive in order or
 * not at all, a cut network holds them back until it is mended, a dead process is noticed only if word of it gets through,
 * a frozen one takes connections and answers nobody. What a process has sent arrives also when it has closed the
 * connection since, or is dead: its machine goes on trying.
 */

import type { Connection, Incoming } from "../../../core/io/connection.ts";
import type { Borrowed, ConnectionPool } from "../../../core/io/connection-pool.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../../core/model/faults.ts";
import type { NodeId } from "../../../core/model/ids.ts";
import { handshakeMsMax } from "../../../core/model/limits.ts";
import type { Hello, Message, Peer } from "../../../core/model/messages.ts";
import { after, type MonotonicMs } from "../../../core/model/units.ts";
import type { Clock } from "../../../core/ports.ts";
import { decodeMessage, encodeMessage } from "../../../core/wire/codec.ts";
import type { Random } from "../random.ts";
import type { Scheduler } from "../scheduler.ts";

/** One process as the wires see it. */
export interface Endpoint {
  readonly name: string;
  readonly peer: Peer;
  readonly clock: Clock;
  readonly alive: boolean;
  /** Runs `act` when the process is awake; never, when it has ended meanwhile. */
  whenAwake(act: () => void): void;
  /** Takes what was dialed; null for a process that only dials. */
  readonly accept: ((connection: Connection) => void) | null;
}

export interface WiresOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Nothing gets from one to the other now. */
  readonly isCut: (from: Endpoint, to: Endpoint) => boolean;
  readonly delayMs: () => number;
  /** Messages go through the real codec. */
  readonly overWire: boolean;
}

export interface Wires {
  dial(from: Endpoint, to: Endpoint | null): Promise<Result<Connection>>;
  /**
   * The process is gone: the other ends hear of it, after all that it has sent. With `power` its machine is, and with it
   * what is still on its way; nobody hears of it before the network gets through once more.
   */
  ended(endpoint: Endpoint, power: boolean): void;
}

/** Whoever dials into a cut network tries again so soon. */
const dialAgainMs = 150;
/**
 * What was sent into one is sent again after this, then after twice as long, and so on, as by TCP (RFC 6298 §5.5): a
 * connection that was cut for ten seconds may bring it ten seconds after the network was mended, when new ones have been
 * at work for long.
 */
const resendMsMin = 200;

export const createWires = (options: WiresOptions): Wires => {
  const { scheduler, isCut, delayMs } = options;
  const open = new Set<SimWire>();

  const carry = (from: SimWire, to: SimWire, item: Incoming | null): void => {
    // A node wipes the file key of an upload when it has sealed it: it must be its own.
    const copied = options.overWire || (item?.kind === "message" && item.message.kind === "upload");
    const sent = item?.kind === "message" && copied ? throughWire(item) : item;
    const arriveAt = Math.max(from.lastArrival, scheduler.now() + delayMs());
    from.lastArrival = arriveAt;
    from.onWay.push(sent);
    const arrive = (): void => {
      if (from.lost || to.lost) return;
      const now = scheduler.now();
      if (now >= from.resendAt && (isCut(from.owner, to.owner) || isCut(to.owner, from.owner))) {
        from.resendMs = Math.max(resendMsMin, 2 * from.resendMs);
        from.resendAt = now + from.resendMs;
      }
      if (now < from.resendAt) {
        scheduler.at(from.resendAt, arrive);
        return;
      }
      from.resendMs = 0;
      // In order: what was held back by a cut comes before what was sent after it.
      const next = from.onWay.shift();
      if (next === undefined) return;
      if (!to.owner.alive) reset(from);
      else to.owner.whenAwake(() => (next === null ? to.peerClosed() : to.arrived(next)));
    };
    scheduler.at(arriveAt, arrive);
  };

  const reset = (wire: SimWire): void => {
    if (!wire.owner.alive) return;
    wire.owner.whenAwake(() => wire.peerClosed());
  };

  const connect = (from: Endpoint, to: Endpoint): Connection => {
    const [near, far] = [new SimWire(from, to), new SimWire(to, from)];
    near.join(far, carry, open);
    far.join(near, carry, open);
    open.add(near).add(far);
    to.accept?.(far);
    return near;
  };

  return {
    dial: (from, to) =>
      new Promise((resolve) => {
        const answer = (result: Result<Connection>): void => from.whenAwake(() => resolve(result));
        const startedAt = scheduler.now();
        const attempt = (): void => {
          if (!from.alive) return;
          const name = to?.name ?? "nobody";
          if (to === null || (!to.alive && !isCut(from, to) && !isCut(to, from))) {
            answer(bad(fault("CONNECTION_REFUSED", { address: name })));
          } else if (isCut(from, to) || isCut(to, from) || !to.alive) {
            if (scheduler.now() - startedAt >= handshakeMsMax)
              answer(bad(fault("TIMED_OUT", { peer: name, what: "answer", ms: handshakeMsMax })));
            else scheduler.at(scheduler.now() + dialAgainMs, attempt);
          } else {
            let answered = false;
            // A frozen process answers no TLS.
            scheduler.at(startedAt + handshakeMsMax, () => {
              if (!answered)
                answer(bad(fault("TIMED_OUT", { peer: name, what: "answer", ms: handshakeMsMax })));
              answered = true;
            });
            to.whenAwake(() => {
              if (answered || !from.alive) return;
              answered = true;
              answer(good(connect(from, to)));
            });
          }
        };
        scheduler.at(scheduler.now() + 2 * delayMs(), attempt);
      }),
    ended: (endpoint, power) => {
      for (const wire of [...open]) {
        if (wire.owner !== endpoint) continue;
        open.delete(wire);
        const { other } = wire;
        if (!power) {
          carry(wire, other, null);
          continue;
        }
        wire.lost = true;
        if (!isCut(endpoint, other.owner) && other.owner.alive)
          scheduler.at(scheduler.now() + delayMs(), () => reset(other));
      }
    },
  };
};

type Carry = (from: SimWire, to: SimWire, item: Incoming | null) => void;

interface Receiver {
  readonly resolve: (incoming: Incoming) => void;
  readonly reject: (error: FaultError) => void;
  readonly cancel: () => void;
}

const hello: Hello = {
  kind: "hello",
  protocol: 1,
  version: "simulated",
  cluster: "c".repeat(32) as Hello["cluster"],
  agreement: [],
  purpose: "request",
};

class SimWire implements Connection {
  readonly owner: Endpoint;
  readonly peer: Peer;
  readonly hello = hello;
  readonly remote: string;
  readonly unsentBytes = 0;
  readonly closed: Promise<Fault | null>;
  /** Its machine is gone. */
  lost = false;
  lastArrival = 0;
  /** What the network held back is sent again then, after a pause of so long; 0 when it holds back nothing. */
  resendAt = 0;
  resendMs = 0;
  readonly onWay: (Incoming | null)[] = [];
  #other: SimWire | null = null;
  #carry: Carry = () => undefined;
  #all: Set<SimWire> = new Set();
  readonly #unread: Incoming[] = [];
  #receiver: Receiver | null = null;
  #over: Fault | null = null;
  #readAt: MonotonicMs;
  #onClosed: (problem: Fault | null) => void = () => undefined;

  constructor(owner: Endpoint, to: Endpoint) {
    this.owner = owner;
    this.peer = to.peer;
    this.remote = to.name;
    this.#readAt = owner.clock.monotonic();
    this.closed = new Promise((resolve) => {
      this.#onClosed = resolve;
    });
  }

  join(other: SimWire, carry: Carry, all: Set<SimWire>): void {
    this.#other = other;
    this.#carry = carry;
    this.#all = all;
  }

  get other(): SimWire {
    if (this.#other === null) throw new Error("not joined");
    return this.#other;
  }

  get idle(): boolean {
    return this.#over === null && this.#unread.length === 0 && this.#receiver === null;
  }

  get quietMs(): number {
    return this.owner.clock.monotonic() - this.#readAt;
  }

  send(message: Message): Promise<void> {
    return this.#send({ kind: "message", message });
  }

  /** As over a real wire: what arrives is the receiver's alone. */
  sendChunk(bytes: Uint8Array, onDone?: () => void): Promise<void> {
    const sent = this.#send({ kind: "chunk", bytes: new Uint8Array(bytes) });
    onDone?.();
    return sent;
  }

  receive({ withinMs }: { readonly withinMs?: number } = {}): Promise<Incoming> {
    if (this.#receiver !== null) throw new Error("one receive at a time");
    const next = this.#unread.shift();
    if (next !== undefined) return Promise.resolve(next);
    if (this.#over !== null) return rejected(this.#over);
    return new Promise((resolve, reject) => {
      const cancel = withinMs === undefined ? () => undefined : this.#watchSilence(withinMs);
      this.#receiver = { resolve, reject, cancel };
    });
  }

  close(): void {
    this.#end(this.#lostFault("it was closed here"), null);
  }

  dismiss(message: Message): void {
    void this.send(message);
    this.close();
  }

  destroy(problem: Fault | null): void {
    this.#end(problem ?? this.#lostFault("it was closed here"), problem);
  }

  /** Something has arrived, and the process is awake. */
  arrived(item: Incoming): void {
    if (this.#over !== null) return;
    this.#readAt = this.owner.clock.monotonic();
    const receiver = this.#takeReceiver();
    if (receiver === null) this.#unread.push(item);
    else receiver.resolve(item);
  }

  peerClosed(): void {
    if (this.#over !== null) return;
    this.#over = this.#lostFault("the peer closed it");
    this.#all.delete(this);
    this.#takeReceiver()?.reject(new FaultError(this.#over));
    this.#onClosed(null);
  }

  #send(item: Incoming): Promise<void> {
    if (this.#over !== null) return rejected(this.#over);
    this.#carry(this, this.other, item);
    return Promise.resolve();
  }

  #end(over: Fault, problem: Fault | null): void {
    if (this.#over !== null) return;
    this.#over = over;
    this.#unread.length = 0;
    this.#all.delete(this);
    this.#carry(this, this.other, null);
    this.#takeReceiver()?.reject(new FaultError(over));
    this.#onClosed(problem);
  }

  #takeReceiver(): Receiver | null {
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.cancel();
    return receiver;
  }

  #watchSilence(withinMs: number): () => void {
    const { clock } = this.owner;
    return clock.at(after(clock.monotonic(), withinMs), () =>
      this.destroy(fault("TIMED_OUT", { peer: this.remote, what: "send what is due", ms: withinMs })),
    );
  }

  #lostFault(reason: string): Fault {
    return fault("CONNECTION_LOST", { peer: this.remote, reason });
  }
}

const rejected = (problem: Fault): Promise<never> => {
  const promise = Promise.reject(new FaultError(problem));
  promise.catch(() => undefined);
  return promise;
};

const throughWire = (item: Extract<Incoming, { readonly kind: "message" }>): Incoming => {
  const decoded = decodeMessage(encodeMessage(item.message));
  if (!decoded.ok)
    throw new Error(`a ${item.message.kind} does not survive the wire: ${JSON.stringify(decoded.fault)}`);
  return { kind: "message", message: decoded.value };
};

/** The same promises as the real pool: what lies in it may have died unnoticed. */
export const createSimPool = (
  wires: Wires,
  from: Endpoint,
  find: (node: NodeId) => Endpoint | null,
): ConnectionPool => {
  const waiting = new Map<NodeId, Connection[]>();
  let closed = false;
  return {
    borrow: async (node): Promise<Result<Borrowed>> => {
      if (closed) return bad(fault("INTERRUPTED", {}));
      for (let kept = waiting.get(node)?.pop(); kept !== undefined; kept = waiting.get(node)?.pop())
        if (kept.idle) return good({ connection: kept, fresh: false });
      const dialed = await wires.dial(from, find(node));
      return dialed.ok ? good({ connection: dialed.value, fresh: true }) : dialed;
    },
    giveBack: (connection) => {
      const { peer } = connection;
      if (closed || peer.role !== "node" || !connection.idle) {
        connection.destroy(null);
        return;
      }
      const kept = waiting.get(peer.id) ?? [];
      waiting.set(peer.id, [...kept, connection]);
    },
    close: () => {
      closed = true;
      for (const connection of [...waiting.values()].flat()) connection.destroy(null);
    },
  };
};
