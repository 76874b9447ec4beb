/**
 * Control messages between nodes, each pair with one connection in each direction.
 *
 * A node sends only on the connection that it dialed itself and listens only on those that it accepted. So
 * whether a peer can be reached is always one's own evidence, and who sends is known from the certificate.
 */
import type { ServerAddress } from "../model/config.ts";
import type { ControlMessage } from "../model/control.ts";
import { type Fault, FaultError, fault } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import type { Hello, Message } from "../model/messages.ts";
import type { ControlTransport, LinkEvent } from "../ports.ts";
import { controlSchemas } from "../wire/schema-control.ts";
import { refusalOf } from "../wire/schema-faults.ts";
import type { Connection } from "./connection.ts";
import { ControlLink } from "./control-link.ts";
import type { Credentials } from "./pki/credentials.ts";

export interface ControlTransportOptions {
  readonly self: NodeId;
  /** All servers; this node itself is left out. */
  readonly servers: readonly ServerAddress[];
  readonly credentials: Credentials;
  /** Purpose `control`. Asked for each new connection. */
  readonly hello: () => Hello;
  readonly heartbeatMs: number;
  /** A peer answers, but not as it should (certificate, configuration, version); repeated while it lasts. */
  readonly onProblem?: (peer: NodeId, problem: Fault) => void;
  /** Our connection to the peer was open and has broken, or was given up because nothing was heard any more. */
  readonly onLinkClosed?: (peer: NodeId) => void;
}

export interface ControlLinks extends ControlTransport {
  /** A connection with purpose `control` that this node's listener accepted. Replaces the peer's earlier one. */
  accept(connection: Connection): void;
  /** Says why and closes the peer's connection to us. */
  turnAway(peer: NodeId, problem: Fault): void;
  /** Closes all links; no events come after it. */
  close(): void;
}

/** Dials the peers when `listen` is called, which must happen once. */
export const createControlTransport = (options: ControlTransportOptions): ControlLinks => {
  const links = new Map<NodeId, ControlLink>();
  const accepted = new Map<NodeId, Connection>();
  let emit: (event: LinkEvent) => void = () => undefined;
  let closed = false;

  const listen = (onEvent: (event: LinkEvent) => void): void => {
    emit = onEvent;
    for (const peer of options.servers) {
      if (peer.id === options.self) continue;
      links.set(
        peer.id,
        new ControlLink({
          peer,
          credentials: options.credentials,
          hello: options.hello,
          heartbeatMs: options.heartbeatMs,
          onEvent: (event) => {
            if (event.kind === "link.closed") options.onLinkClosed?.(peer.id);
            emit(event);
          },
          onProblem: (problem) => options.onProblem?.(peer.id, problem),
        }),
      );
    }
  };

  const accept = (connection: Connection): void => {
    const { peer } = connection;
    const link = peer.role === "node" ? links.get(peer.id) : undefined;
    if (closed || peer.role !== "node" || link === undefined) {
      connection.destroy(null);
      return;
    }
    accepted.get(peer.id)?.destroy(null);
    accepted.set(peer.id, connection);
    void connection.closed.then(() => {
      if (accepted.get(peer.id) === connection) accepted.delete(peer.id);
    });
    link.knock();
    const onMessage = (message: ControlMessage): void => {
      link.heard();
      emit({ kind: "message", from: peer.id, message });
    };
    void receiveAll(connection, onMessage).then((problem) => {
      if (!closed && problem.code === "PROTOCOL_VIOLATION") options.onProblem?.(peer.id, problem);
    });
  };

  const turnAway = (peer: NodeId, problem: Fault): void => {
    const connection = accepted.get(peer);
    if (connection === undefined) return;
    void connection.send(refusalOf(problem));
    connection.close();
  };

  const close = (): void => {
    closed = true;
    emit = () => undefined;
    for (const link of links.values()) link.close();
    for (const connection of accepted.values()) connection.destroy(null);
  };

  return { listen, send: (to, message) => links.get(to)?.send(message), accept, turnAway, close };
};

/** Until it closes; gives why. Anything but a control message closes it. */
const receiveAll = async (
  connection: Connection,
  onMessage: (message: ControlMessage) => void,
): Promise<Fault> => {
  try {
    for (;;) {
      const incoming = await connection.receive();
      if (incoming.kind === "chunk" || !isControl(incoming.message)) {
        const problem = fault("PROTOCOL_VIOLATION", { reason: "a control connection carries only control" });
        connection.destroy(problem);
        return problem;
      }
      onMessage(incoming.message);
    }
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
};

const isControl = (message: Message): message is ControlMessage =>
  Object.hasOwn(controlSchemas, message.kind);
