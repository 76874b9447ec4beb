/**
 * Dialing one server, and not again and again while it does not answer.
 *
 * A frozen server lets everybody in and answers nobody. While one dial has taken longer than `slowMs`, and until
 * one gets through again, no other is begun beside it: the caller hears TIMED_OUT at once, and the server finds
 * few callers when it wakes, not thousands that have long gone.
 */
import { bad, fault, type Result } from "../model/faults.ts";
import type { Connection } from "./connection.ts";

export type Dial = () => Promise<Result<Connection>>;

/** `dial` with that patience. `peer` names the server in faults. */
export const dialingOnce = (peer: string, slowMs: number, dial: Dial): Dial => {
  /** When each dial that is under way began, milliseconds of `performance.now`. */
  const begunAtMs: number[] = [];
  let vain = false;
  return async () => {
    const now = performance.now();
    const [oldest] = begunAtMs;
    const ms = Math.round(now - (oldest ?? now));
    if (oldest !== undefined && (vain || ms > slowMs)) {
      return bad(fault("TIMED_OUT", { peer, what: "answer", ms }));
    }
    begunAtMs.push(now);
    const dialed = await dial();
    begunAtMs.splice(begunAtMs.indexOf(now), 1);
    vain = !dialed.ok && dialed.fault.code === "TIMED_OUT";
    return dialed;
  };
};
