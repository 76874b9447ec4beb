/**
 * A disk whose standing is open waits for others, and somebody has to start them. Said calmly at first, because who starts
 * a new cluster by hand takes some seconds for each node; what to do without them only after a while.
 */
import type { Event } from "../model/events.ts";
import type { NodeId } from "../model/ids.ts";
import { after } from "../model/units.ts";
import type { Clock } from "../ports.ts";

export interface Told {
  readonly driver: { readonly ready: boolean };
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: (event: Event) => void;
}

/** A node that starts hears the others soon; for whom it has waited for so long, somebody has to start them. */
const waitingMs = 2_000;
/** Who starts a cluster by hand is through by then. */
const stillWaitingMs = 60_000;

/** To be called often. `waitingFor` is asked only while the node is not ready. */
export const waitingTeller = (
  { driver, clock, log }: Told,
  waitingFor: () => readonly NodeId[],
): (() => void) => {
  let told = "";
  let toldAgain = false;
  let since = clock.monotonic();
  return () => {
    const missing = driver.ready ? [] : waitingFor();
    const now = clock.monotonic();
    if (missing.length === 0) {
      since = now;
      toldAgain = false;
    }
    if (missing.length > 0 && !toldAgain && now >= after(since, stillWaitingMs)) {
      toldAgain = true;
      log({ kind: "disk.still-waiting", nodes: missing });
    }
    if (missing.join() === told || now < after(since, waitingMs)) return;
    told = missing.join();
    if (missing.length > 0) log({ kind: "disk.waiting", nodes: missing });
  };
};
