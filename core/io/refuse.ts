/**
 * Saying no so that it is heard.
 *
 * A peer that is in the middle of sending a body would lose the refusal to a TCP reset if the connection were
 * closed at once. So the refusal is sent, what still arrives is discarded within bounds, and the peer closes.
 */
import type { Fault } from "../model/faults.ts";
import { stallMsMax } from "../model/limits.ts";
import { refusalOf } from "../wire/schema-faults.ts";
import type { Connection } from "./connection.ts";

/** A refusal between requests: the connection stays usable. */
export const refuse = async (connection: Connection, problem: Fault): Promise<void> => {
  await connection.send(refusalOf(problem)).catch(() => undefined);
};

/** What may be on its way already when the refusal arrives; whoever goes on sending after that is cut. */
const discardBytesMax = 16 * 1_048_576;

/** A refusal while up to `bytesDue` bytes of body are still to come. Ends when the peer closes, or stalls. */
export const refuseBody = async (connection: Connection, problem: Fault, bytesDue: number): Promise<void> => {
  await refuse(connection, problem);
  let discarded = 0;
  try {
    while (discarded <= Math.min(bytesDue, discardBytesMax)) {
      const incoming = await connection.receive({ withinMs: stallMsMax });
      discarded += incoming.kind === "chunk" ? incoming.bytes.length : 0;
    }
  } catch {
    // Closed by the peer, as it should, or stalled: either way nobody listens any more.
  }
  connection.destroy(problem);
};
