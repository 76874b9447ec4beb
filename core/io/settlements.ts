/**
 * What became of an upload's copies, kept for a moment before it is written down.
 *
 * A record is committed with the homes that it is meant to have. Who really has it, and since when, is known a moment
 * later and is one more change of the record; so it waits for the change that decoding makes anyway, or for others of
 * its kind, and goes to the disk with them. A home that was lost is written down at the next look.
 */
import type { ImageId, NodeId } from "../model/ids.ts";
import { type Home, type ImageRecord, nextStamp, type Register } from "../model/records.ts";
import type { MonotonicMs, WallMs } from "../model/units.ts";
import { after } from "../model/units.ts";
import type { Clock, Store } from "../ports.ts";

/** Who has the image, and since when; null for a home that was lost. */
export type Settlement = ReadonlyMap<NodeId, Home | null>;

export interface Settlements {
  note(id: ImageId, settlement: Settlement): void;
  /** `record` with what is noted of it, which is then taken as written. */
  applyTo(record: ImageRecord): ImageRecord;
  /** Writes down what has waited long enough, or all of it. Never rejects. */
  flush(all?: boolean): Promise<void>;
}

const waitMs = 1_000;
/** Records in one go. */
const flushMax = 256;

interface Noted {
  readonly settlement: Settlement;
  readonly dueAt: MonotonicMs;
}

export const createSettlements = (store: Store, clock: Clock, self: NodeId): Settlements => {
  const noted = new Map<ImageId, Noted>();

  const applyTo = (record: ImageRecord): ImageRecord => {
    const { id } = record.facts;
    const entry = noted.get(id);
    if (entry === undefined) return record;
    noted.delete(id);
    return withSettlement(record, entry.settlement, self, clock.wall());
  };

  const flush = async (all = false): Promise<void> => {
    const now = clock.monotonic();
    const due: ImageId[] = [];
    for (const [id, { dueAt }] of noted) {
      if (due.length === flushMax) break;
      if (all || dueAt <= now) due.push(id);
    }
    if (due.length === 0) return;
    const holdings = await Promise.all(due.map((id) => store.get(id)));
    const records = holdings.flatMap((holding) =>
      holding?.record.kind === "image" ? [applyTo(holding.record)] : [],
    );
    for (const id of due) noted.delete(id);
    await store.merge(records);
    if (all) await flush(true);
  };

  return {
    note: (id, settlement) => {
      const lost = [...settlement.values()].includes(null);
      noted.set(id, { settlement, dueAt: after(clock.monotonic(), lost ? 0 : waitMs) });
    },
    applyTo,
    flush: (all) => flush(all).catch(() => undefined),
  };
};

/** The home has said since then what it has: that it has a copy, or that it could get none. */
const hasSpoken = (node: NodeId, { stamp, value }: Register<Home | null>): boolean =>
  value === null ? stamp.node === node : value.syncedAt !== null;

/** Who has spoken for himself knows better. */
const withSettlement = (
  record: ImageRecord,
  settlement: Settlement,
  self: NodeId,
  now: WallMs,
): ImageRecord => {
  const homes: Record<string, Register<Home | null>> = { ...record.homes };
  for (const [node, value] of settlement) {
    const before = homes[String(node)];
    if (before !== undefined && hasSpoken(node, before)) continue;
    homes[String(node)] = { stamp: nextStamp(before?.stamp ?? { atMs: 0, node: 0 }, now, self), value };
  }
  return { ...record, homes };
};
