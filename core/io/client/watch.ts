/**
 * Watching the one server on which something of ours depends, so that a frozen one costs a second and not
 * fifteen. `decide/doubt.ts` says what the answers mean.
 */
import { askAtMs, doubtRules, isGone, type Testimony } from "../../decide/doubt.ts";
import { type Fault, fault } from "../../model/faults.ts";
import type { NodeId } from "../../model/ids.ts";
import { after } from "../../model/units.ts";
import type { Connection } from "../connection.ts";
import type { Session } from "./session.ts";
import { askOne } from "./status.ts";

export interface ServerWatch {
  /** Resolves when the server is given up, to TIMED_OUT; never when it is not. */
  readonly gone: Promise<Fault>;
  /** What arrives on `connection` shows from now on that the server is there. It is destroyed when it is given up. */
  follow(connection: Connection): void;
  stop(): void;
}

export const watchServer = (session: Session, node: NodeId): ServerWatch => {
  const { clock, config, servers } = session;
  const rules = doubtRules(config.timings.electionTimeoutMs);
  const { promise: gone, resolve } = Promise.withResolvers<Fault>();
  const startedAt = clock.monotonic();
  let followed: Connection | null = null;
  let round = 0;
  let cancel = (): void => undefined;
  let over = false;

  const silenceMs = (): number =>
    Math.min(clock.monotonic() - startedAt, followed?.quietMs ?? Number.POSITIVE_INFINITY);

  const look = (): void => {
    const silentMs = silenceMs();
    if (silentMs < askAtMs(0, rules)) round = 0;
    else if (silentMs >= askAtMs(round, rules)) ask(round++);
    const waitMs = askAtMs(round, rules) - silentMs;
    cancel = clock.at(after(clock.monotonic(), Math.max(1, waitMs)), look);
  };

  const ask = (thisRound: number): void => {
    const testimonies: Testimony[] = [];
    for (const from of servers) {
      void askOne(session, from, rules.askMsMin).then((answer) => {
        // Something came meanwhile, or a later round is on: these answers are about another silence.
        if (over || !answer.ok || round !== thisRound + 1) return;
        const says = answer.value.nodes.find(({ id }) => id === node)?.state;
        if (says === undefined) return;
        testimonies.push({ from, says });
        if (isGone(node, silenceMs(), testimonies, rules)) giveUp();
      });
    }
  };

  const giveUp = (): void => {
    const ms = Math.round(silenceMs());
    const problem = fault("TIMED_OUT", { peer: `node ${node}`, what: "send what is due", ms });
    stop();
    followed?.destroy(problem);
    resolve(problem);
  };

  const stop = (): void => {
    over = true;
    cancel();
  };

  look();
  return {
    gone,
    follow: (connection) => {
      followed = connection;
    },
    stop,
  };
};
