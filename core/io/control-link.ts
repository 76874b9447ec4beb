/**
 * Our own control connection to one peer: dialed by us, kept open, and only ever sent on.
 *
 * After it closes we dial again at once, because the answer is evidence: refused means that nothing listens
 * there any more. A dying process closes its sockets one by one, so a connection may be accepted and then
 * reset; that answer is asked for again right away. When nobody answers we go on asking, ever more slowly,
 * up to `redialMsMax`, or until it connects to us.
 *
 * A network that swallows packets closes nothing, and TCP's own retries grow so far apart that a link would
 * stay dead long after the network healed. So a link on whose peer we hear nothing more is given up and
 * dialed anew.
 */
import type { ServerAddress } from "../model/config.ts";
import type { ControlMessage } from "../model/control.ts";
import { type Fault, FaultError, fault } from "../model/faults.ts";
import type { Hello } from "../model/messages.ts";
import type { LinkEvent } from "../ports.ts";
import { faultOfRefusal } from "../wire/schema-faults.ts";
import type { Connection } from "./connection.ts";
import type { Credentials } from "./pki/credentials.ts";
import { dialSecure } from "./tls.ts";

export interface ControlLinkOptions {
  readonly peer: ServerAddress;
  readonly credentials: Credentials;
  /** Purpose `control`. Asked for each new connection. */
  readonly hello: () => Hello;
  readonly heartbeatMs: number;
  readonly onEvent: (event: LinkEvent) => void;
  /** Dialing failed otherwise than by silence or refusal: certificates, configuration, version. */
  readonly onProblem: (problem: Fault) => void;
}

/** Control messages are losable: while more than this is unsent, new ones are dropped. */
const unsentControlBytesMax = 262_144;
const redialMsMax = 500;
/** For TCP, TLS and hello of one attempt. */
const controlDialMsMax = 1_000;
/** A reset right after a close is asked again this often, this soon. */
const resetRetriesMax = 10;
const resetRetryMs = 10;
/** A link that lasted less is not dialed again at once: the peer closes it on purpose. */
const steadyMs = 1_000;
/** After this many heartbeats of silence the link is dialed anew. */
const silentBeatsMax = 20;

export class ControlLink {
  readonly #options: ControlLinkOptions;
  readonly #stopping = new AbortController();
  #connection: Connection | null = null;
  /** Heard since the link was opened, milliseconds of `performance.now`; null when never. */
  #heardAtMs: number | null = null;
  /** It was open and closed, and has neither opened nor been refused since. */
  #closedUnanswered = false;
  /** The last dial did not get through. */
  #unreached = false;
  #retryMs: number;
  #resets = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ControlLinkOptions) {
    this.#options = options;
    this.#retryMs = options.heartbeatMs;
    void this.#dial();
  }

  send(message: ControlMessage): void {
    const connection = this.#connection;
    if (connection === null) return;
    const { heartbeatMs } = this.#options;
    if (this.#heardAtMs !== null && performance.now() - this.#heardAtMs > silentBeatsMax * heartbeatMs) {
      connection.destroy(null);
    } else if (connection.unsentBytes <= unsentControlBytesMax) {
      void connection.send(message);
    }
  }

  /** The peer said something, on its own connection to us. */
  heard(): void {
    this.#heardAtMs = performance.now();
  }

  /** The peer has just connected to us, so it is there: if we wait to dial it, we wait no longer. */
  knock(): void {
    if (this.#timer === null || !this.#unreached) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    void this.#dial();
  }

  close(): void {
    this.#stopping.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#connection?.close();
    this.#connection = null;
  }

  async #dial(): Promise<void> {
    const { peer, credentials, hello } = this.#options;
    const dialed = await dialSecure({
      address: peer,
      credentials,
      hello: hello(),
      expect: { role: "node", id: peer.id },
      withinMs: controlDialMsMax,
      signal: this.#stopping.signal,
    });
    if (this.#stopping.signal.aborted) {
      if (dialed.ok) dialed.value.destroy(null);
      return;
    }
    if (dialed.ok) await this.#hold(dialed.value);
    else this.#failed(dialed.fault);
  }

  /** Until it closes. */
  async #hold(connection: Connection): Promise<void> {
    const { peer, onEvent } = this.#options;
    const openedAtMs = performance.now();
    this.#connection = connection;
    this.#heardAtMs = null;
    this.#unreached = false;
    onEvent({ kind: "link.opened", peer: peer.id });
    await this.#untilClosed(connection);
    if (this.#stopping.signal.aborted) return;
    this.#connection = null;
    this.#closedUnanswered = true;
    this.#resets = 0;
    onEvent({ kind: "link.closed", peer: peer.id });
    if (performance.now() - openedAtMs < steadyMs) {
      this.#redialLater();
      return;
    }
    this.#retryMs = this.#options.heartbeatMs;
    void this.#dial();
  }

  /** Nothing is due on it: whatever comes ends it. */
  async #untilClosed(connection: Connection): Promise<void> {
    try {
      const incoming = await connection.receive();
      const problem =
        incoming.kind === "message" && incoming.message.kind === "refused"
          ? faultOfRefusal(incoming.message)
          : fault("PROTOCOL_VIOLATION", { reason: "an answer to control messages" });
      this.#options.onProblem(problem);
    } catch (error) {
      if (!(error instanceof FaultError)) throw error;
    }
    connection.destroy(null);
  }

  #failed(problem: Fault): void {
    const { peer, onEvent, onProblem } = this.#options;
    this.#unreached = true;
    switch (problem.code) {
      case "CONNECTION_REFUSED":
        if (this.#closedUnanswered) onEvent({ kind: "link.refused", peer: peer.id });
        this.#closedUnanswered = false;
        break;
      case "CONNECTION_LOST":
        if (this.#closedUnanswered && this.#resets < resetRetriesMax) {
          this.#resets++;
          this.#redialAfter(resetRetryMs);
          return;
        }
        break;
      case "TIMED_OUT":
        break;
      default:
        onProblem(problem);
    }
    this.#redialLater();
  }

  #redialLater(): void {
    this.#redialAfter(this.#retryMs);
    this.#retryMs = Math.min(Math.max(redialMsMax, this.#options.heartbeatMs), this.#retryMs * 1.5);
  }

  #redialAfter(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#dial();
    }, delayMs);
  }
}
