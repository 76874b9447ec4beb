/**
 * What time another machine has: its status tells the moment at which it was made.
 *
 * The answer took part of the round trip, nobody knows which part; halfway is the best guess, and half the round
 * trip the bound of its error (Cristian, "Probabilistic clock synchronization", 1989).
 */
import { bad, good, type Result } from "../model/faults.ts";
import type { Snapshot } from "../model/snapshot.ts";
import type { Clock } from "../ports.ts";
import type { Connection } from "./connection.ts";
import { faultOf, replyFrom } from "./exchange.ts";

export interface ToldTime {
  readonly snapshot: Snapshot;
  /** Their wall clock minus ours, milliseconds; right to half of `roundTripMs`. */
  readonly aheadMs: number;
  readonly roundTripMs: number;
}

/** How far the clocks are apart at least, milliseconds: what half the round trip can explain is none. */
export const sureSkewMs = ({ aheadMs, roundTripMs }: Omit<ToldTime, "snapshot">): number =>
  Math.max(0, Math.abs(aheadMs) - roundTripMs / 2);

const statusMsMax = 2_000;

/** Faults: those of the connection. */
export const askTime = async (connection: Connection, clock: Clock): Promise<Result<ToldTime>> => {
  const startedAt = clock.monotonic();
  try {
    await connection.send({ kind: "status" });
    const { snapshot } = await replyFrom(connection, ["status.reply"], statusMsMax);
    const roundTripMs = clock.monotonic() - startedAt;
    return good({ snapshot, aheadMs: snapshot.at - (clock.wall() - roundTripMs / 2), roundTripMs });
  } catch (error) {
    return bad(faultOf(error, connection.remote));
  }
};
