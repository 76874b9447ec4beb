/**
 * Whoever is turned away comes again, twice a second if it is a node; the log is to tell of it, not to be
 * filled with it. So each kind of trouble with each machine is told at once, and then once a minute.
 */
import type { Event } from "../model/events.ts";
import type { Fault } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import type { Clock } from "../ports.ts";

const againMs = 60_000;
/** A stranger may come from many addresses; the oldest is forgotten, and would be told again. */
const toldMax = 1_000;

/** `remote`: address and port, of which the port is another each time. */
export const sparingly = (
  clock: Pick<Clock, "monotonic">,
  tell: (remote: string, problem: Fault) => void,
): ((remote: string, problem: Fault) => void) => {
  const quietUntil = new Map<string, MonotonicMs>();
  return (remote, problem) => {
    const now = clock.monotonic();
    const about = `${remote.replace(/:\d+$/, "")} ${problem.code}`;
    if ((quietUntil.get(about) ?? now) > now) return;
    quietUntil.delete(about);
    quietUntil.set(about, after(now, againMs));
    const [oldest] = quietUntil.keys();
    if (quietUntil.size > toldMax && oldest !== undefined) quietUntil.delete(oldest);
    tell(remote, problem);
  };
};

/** A client tries again what was refused, several times a second; of one image each reason is logged once. */
export const refusedOnce = (log: (event: Event) => void): ((event: Event) => void) => {
  const told = new Set<string>();
  return (event) => {
    if (event.kind === "image.refused") {
      const about = `${event.image} ${event.fault.code}`;
      if (told.has(about)) return;
      told.add(about);
      const [oldest] = told;
      if (told.size > toldMax && oldest !== undefined) told.delete(oldest);
    }
    log(event);
  };
};

/** A problem with a peer is met at every dial; it is told when it is another than the last. */
export const newsOnly = (
  tell: (peer: NodeId, problem: Fault) => void,
): ((peer: NodeId, problem: Fault) => void) => {
  const told = new Map<NodeId, string>();
  return (peer, problem) => {
    const what = JSON.stringify(problem);
    if (told.get(peer) === what) return;
    told.set(peer, what);
    tell(peer, problem);
  };
};
