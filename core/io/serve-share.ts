/**
 * Letting somebody else read an image, and no longer: a header for the reader is put into the record, or taken out.
 *
 * The node neither can nor need look into a header. What it takes care of is that only the owner does it, that it is
 * done once however often it is asked, and that a record keeps its bounds.
 */
import { type Fault, fault } from "../model/faults.ts";
import type { ImageId, UserName } from "../model/ids.ts";
import { readersMax } from "../model/limits.ts";
import type { Share } from "../model/messages.ts";
import { beforeAllStamps, registerOf } from "../model/readers.ts";
import { compareStamps, type ImageRecord, stampAfter } from "../model/records.ts";
import { sameBytes } from "./bytes.ts";
import type { Connection } from "./connection.ts";
import type { Freshness } from "./freshness.ts";
import type { NodeContext } from "./node-context.ts";
import { refuse } from "./refuse.ts";
import { change } from "./serve-change.ts";
import { findOwn } from "./serve-read.ts";

export type ServeShare = (connection: Connection, request: Share, owner: UserName) => Promise<void>;

/** Of one image one request is served after the other: of many at once each would find room for one more reader. */
export const createShares = (context: NodeContext, freshness: Freshness): ServeShare => {
  const last = new Map<ImageId, Promise<Fault | null>>();
  return async (connection, request, owner) => {
    const { id } = request;
    const before = last.get(id);
    const turn = (async () => {
      await before?.catch(() => undefined);
      return share(context, freshness, request, owner);
    })();
    last.set(id, turn);
    try {
      const problem = await turn;
      if (problem !== null) await refuse(connection, problem);
      else await connection.send({ kind: "changed", id });
    } finally {
      if (last.get(id) === turn) last.delete(id);
    }
  };
};

const share = async (
  context: NodeContext,
  freshness: Freshness,
  { id, reader, header, seen }: Share,
  owner: UserName,
): Promise<Fault | null> => {
  const found = await findOwn(context, freshness, id, owner);
  if (!found.ok) return found.fault;
  const { record } = found.value;
  if (reader === owner) return fault("NOT_ALLOWED", { what: "an owner's own header stays as it is" });
  const known = registerOf(record.headers, reader);
  const stamp = known?.stamp ?? beforeAllStamps;
  // It was so already, or an earlier try has done it.
  if (isSame(known?.value ?? null, header)) return null;
  // Somebody has changed her mind since.
  if (compareStamps(stamp, seen ?? beforeAllStamps) !== 0) return fault("IMAGE_CHANGED", { id });
  if (known === null && namesIn(record) >= readersMax) return fault("READERS_FULL", { id, readersMax });
  const next = stampAfter(stamp, context.self);
  // Two who have seen the same may do both at once, on nodes that do not see each other: then taking away wins.
  const register = { stamp: header === null ? stampAfter(next, context.self) : next, value: header };
  return change(context, { ...record, headers: { ...record.headers, [reader]: register } });
};

const isSame = (a: Uint8Array | null, b: Uint8Array | null): boolean =>
  a === null || b === null ? a === b : sameBytes(a, b);

/** All but the owner's. */
const namesIn = ({ headers }: ImageRecord): number => Object.keys(headers).length - 1;
