/**
 * What this node remembers of the others' disks, and that its own is born: small files beside the store.
 *
 * Memories are saved about once a second, which is soon enough: they serve to find a disk that was put back by days.
 * A birth is saved before anybody hears of it, and the memories before the birth.
 */
import { join } from "node:path";
import * as z from "zod";
import type { PeerMemory } from "../model/control.ts";
import type { Event } from "../model/events.ts";
import { bad, type Fault, fault, good, type Result, wordFault } from "../model/faults.ts";
import { type NodeId, parseNodeId, parseStoreId, type StoreId } from "../model/ids.ts";
import { after, type MonotonicMs } from "../model/units.ts";
import type { Clock, StandingStore } from "../ports.ts";
import { diskFault, replaceFile } from "./disk.ts";
import { readText, secretFile, writeFileAtomically } from "./files.ts";
import { type DiskIdentity, writeIdentity } from "./node-data.ts";
import type { SpareRoom } from "./spare-room.ts";

export interface KeptStanding extends StandingStore {
  /** Saves them if they have changed, beside everything else. A failure is told and tried again at the next call. */
  saveMemories(memories: ReadonlyMap<NodeId, PeerMemory>): Promise<Result<void>>;
}

/** How often memories are saved. */
const rememberMs = 1_000;
const fileBytesMax = 16_384;

/**
 * `room`: on the same disk, for a save when it is full. Errors: DISK_FAILED, and DISK_FULL when there is no room even
 * so. A file of memories that is damaged counts as none: the others' disks are watched anew.
 */
export const openStandingStore = (
  folder: string,
  identity: DiskIdentity,
  room: SpareRoom,
): Result<KeptStanding> => {
  const path = join(folder, "peers.json");
  const text = readText(path, fileBytesMax);
  if (!text.ok && text.fault.code !== "FILE_NOT_FOUND") return bad(failed(path, text.fault));
  const memories = text.ok ? parse(text.value) : new Map<NodeId, PeerMemory>();
  let saved = format(memories);

  const saveNow = (next: ReadonlyMap<NodeId, PeerMemory>): Result<void> => {
    const content = format(next);
    if (content === saved) return good(undefined);
    const written = room.save(() => writeFileAtomically(path, content, secretFile));
    if (!written.ok) return bad(failed(path, written.fault));
    saved = content;
    return written;
  };

  const saveMemories = async (next: ReadonlyMap<NodeId, PeerMemory>): Promise<Result<void>> => {
    const content = format(next);
    const before = saved;
    if (content === before) return good(undefined);
    try {
      // What was saved meanwhile, for a birth, is newer.
      if (await replaceFile(path, content, () => saved === before)) saved = content;
      return good(undefined);
    } catch (error) {
      return bad(failed(path, diskFault(path, error)));
    }
  };

  return good({
    generation: identity.generation,
    memories,
    saveMemories,
    saveBirth: (generation, next) => {
      const remembered = saveNow(next);
      if (!remembered.ok) return remembered;
      const written = room.save(() => writeIdentity(folder, { ...identity, generation }));
      return written.ok ? written : bad(failed(path, written.fault));
    },
  });
};

const count = z.int().min(0);
const disk = z.strictObject({
  generation: count,
  store: z.custom<StoreId>((value) => parseStoreId(value) !== null),
  saves: count,
  feedHead: count,
});
const file = z.record(z.string(), z.strictObject({ run: count, latest: disk, before: disk.nullable() }));

const format = (memories: ReadonlyMap<NodeId, PeerMemory>): string =>
  `${JSON.stringify(Object.fromEntries(memories))}\n`;

const parse = (text: string): ReadonlyMap<NodeId, PeerMemory> => {
  try {
    const parsed = file.parse(JSON.parse(text));
    return new Map(
      Object.entries(parsed).flatMap(([key, memory]) => {
        const node = parseNodeId(Number(key));
        return node === null ? [] : [[node, memory] as const];
      }),
    );
  } catch {
    return new Map();
  }
};

const failed = (path: string, problem: Fault): Fault =>
  problem.code === "DISK_FULL" ? problem : fault("DISK_FAILED", { path, reason: wordFault(problem).what });

/** Keeps what is remembered of the others' disks, about once a second. */
export const createRememberer = (
  clock: Clock,
  standing: KeptStanding,
  memories: () => Parameters<KeptStanding["saveMemories"]>[0],
  log: (event: Event) => void,
): (() => void) => {
  let dueAt: MonotonicMs = clock.monotonic();
  let saving = false;
  return () => {
    if (saving || clock.monotonic() < dueAt) return;
    dueAt = after(clock.monotonic(), rememberMs);
    saving = true;
    void standing.saveMemories(memories()).then((saved) => {
      saving = false;
      // That the disk is full is told as such, once; they are saved when there is room again.
      if (!saved.ok && saved.fault.code !== "DISK_FULL") log({ kind: "disk.failed", fault: saved.fault });
    });
  };
};
