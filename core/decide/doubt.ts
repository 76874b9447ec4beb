/**
 * Is the server that has our image still there?
 *
 * A server that works hard and one that was frozen look the same from here: nothing comes. The other servers
 * know better, because they hear it every heartbeat or do not. So after a short silence a client asks them all,
 * and the silent one too, on another connection. That one's own answer settles it: it is only slow. Otherwise
 * a server that the others call down is left for another; one that they hear is waited for much longer, in case
 * it is only this client that cannot reach it. Leaving too early costs a second processing and does no harm,
 * because sealing is a function of the request.
 */
import type { NodeId } from "../model/ids.ts";
import type { NodeState } from "../model/snapshot.ts";

export interface DoubtRules {
  /** Silence after which the others are asked. They need an election timeout to know. */
  readonly askMsMin: number;
  /** Asked again after this much more, and twice as long each time. */
  readonly againMs: number;
  /** A server that others hear, but that neither sends nor answers this client, is left after this much silence. */
  readonly unheardMsMax: number;
}

export const doubtRules = (electionTimeoutMs: number): DoubtRules => ({
  askMsMin: Math.max(500, 1.5 * electionTimeoutMs),
  againMs: Math.max(250, electionTimeoutMs),
  unheardMsMax: Math.max(5_000, 10 * electionTimeoutMs),
});

/** What one server says of the silent one. */
export interface Testimony {
  readonly from: NodeId;
  readonly says: NodeState;
}

/** Whether to leave `node` after so much silence, by the answers that have come in so far. */
export const isGone = (
  node: NodeId,
  silenceMs: number,
  testimonies: readonly Testimony[],
  rules: DoubtRules,
): boolean => {
  if (testimonies.length === 0 || testimonies.some(({ from }) => from === node)) return false;
  if (silenceMs >= rules.unheardMsMax) return true;
  const said = testimonies.map(({ says }) => says);
  return said.includes("down") && !said.includes("up") && !said.includes("rebuilding");
};

/** How much silence there must be before the `times`th round of questions, counted from 0. */
export const askAtMs = (times: number, rules: DoubtRules): number =>
  rules.askMsMin + rules.againMs * (2 ** Math.min(times, 10) - 1);
