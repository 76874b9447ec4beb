/**
 * A client's session with servers that a test scripts: each says what it answers to a request, or never does.
 */
import { openSession, type Session } from "../../../../core/io/client/session.ts";
import { systemClock } from "../../../../core/io/clock.ts";
import { parseConfig } from "../../../../core/io/config-file.ts";
import type { Connection, Incoming } from "../../../../core/io/connection.ts";
import type { Credentials } from "../../../../core/io/pki/credentials.ts";
import { bad, type Fault, FaultError, fault, good } from "../../../../core/model/faults.ts";
import { clusterId, type NodeId, nodeId, userNameOf } from "../../../../core/model/ids.ts";
import type { Message, StatusReply } from "../../../../core/model/messages.ts";
import type { NodeState } from "../../../../core/model/snapshot.ts";
import { wallMs } from "../../../../core/model/units.ts";
import type { Clock } from "../../../../core/ports.ts";

/** `never`: the dial hangs. A function: what comes for each frame that is awaited; null for nothing, for ever. */
export type Script =
  | "never"
  | Fault
  | ((request: Message, frame: number) => Message | Uint8Array | Fault | null);

export class FakeServers {
  readonly session: Session;
  /** Servers in the order in which they were called. */
  readonly called: NodeId[] = [];
  readonly returned: NodeId[] = [];
  readonly destroyed: NodeId[] = [];
  /** What `quietMs` of every connection says. */
  quietMs = 0;

  constructor(scripts: Readonly<Record<number, Script>>, clock: Clock = systemClock()) {
    const servers = Object.keys(scripts).map((id) => `node${id} = "127.0.0.1:${id}"`);
    const config = parseConfig(`[servers]\n${servers.join("\n")}\n`);
    if (!config.ok) throw new FaultError(config.fault);
    const peer = {
      role: "user",
      cluster: clusterId("0".repeat(32)),
      name: userNameOf("alice"),
      recipient: "",
    } as const;
    const credentials = { peer } as unknown as Credentials;
    this.session = {
      ...openSession(config.value, credentials, clock),
      pool: {
        borrow: async (server) => {
          this.called.push(server);
          const script = scripts[server] ?? "never";
          if (script === "never") return new Promise(() => undefined);
          if (typeof script !== "function") return bad(script);
          return good({ connection: this.#connection(server, script), fresh: true });
        },
        giveBack: (connection) => {
          if (connection.peer.role === "node") this.returned.push(connection.peer.id);
        },
        close: () => undefined,
      },
    };
  }

  #connection(server: NodeId, script: Extract<Script, (...of: never[]) => unknown>): Connection {
    const cut = Promise.withResolvers<never>();
    cut.promise.catch(() => undefined);
    const closed = Promise.withResolvers<Fault | null>();
    const { cluster } = this.session.credentials.peer;
    let request: Message | null = null;
    let frame = 0;
    const answer = (): Promise<Incoming> => {
      if (request === null) return cut.promise;
      const next = script(request, frame++);
      if (next === null) return cut.promise;
      if (next instanceof Uint8Array) return Promise.resolve({ kind: "chunk", bytes: next });
      if (next.kind === "fault") return Promise.reject(new FaultError(next));
      return Promise.resolve({ kind: "message", message: next });
    };
    const quietMs = (): number => this.quietMs;
    const connection: Pick<
      Connection,
      "peer" | "idle" | "closed" | "quietMs" | "send" | "sendChunk" | "receive" | "destroy"
    > = {
      peer: { role: "node", cluster, id: server },
      idle: true,
      closed: closed.promise,
      get quietMs() {
        return quietMs();
      },
      send: async (message) => {
        request = message;
      },
      sendChunk: async () => undefined,
      receive: answer,
      destroy: (problem) => {
        this.destroyed.push(server);
        closed.resolve(problem);
        cut.reject(new FaultError(problem ?? lost(server)));
      },
    };
    return connection as Connection;
  }
}

export const lost = (server: NodeId): Fault =>
  fault("CONNECTION_LOST", { peer: `node ${server}`, reason: "it was cut" });

export const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)] as const;

/** How a server answers `status` that sees `node` so. */
export const snapshotOf = (state: NodeState, node: NodeId = one): StatusReply => ({
  kind: "status.reply",
  snapshot: {
    observer: two,
    at: wallMs(0),
    cluster: clusterId("0".repeat(32)),
    term: null,
    leader: null,
    quorum: { live: 2, needed: 2, ok: true },
    tolerance: 0,
    risk: null,
    nodes: [{ ...nothingKnown, id: node, address: "", state, role: "follower" }],
    links: [],
  },
});

const nothingKnown = {
  heartbeatMs: null,
  roundTripMs: null,
  inFlight: null,
  load: null,
  cpu: null,
  memory: null,
  lagMs: null,
  images: null,
  payloadBytes: null,
  diskFreeBytes: null,
  uptimeMs: null,
  drained: null,
  readOnly: null,
  uploadsPerSecond: null,
  uploadMsP50: null,
  uploadMsP99: null,
  rebuild: null,
  scrub: null,
};
