/**
 * Deliberate bugs in what keeps images safe. A simulator in which one of these lives says nothing when it is green.
 *
 * Each puts something wrong in the place of one part: the decisions, the disk, the index, the way the segments are
 * read. Production code knows nothing of them.
 */
import { refillStep } from "../../../core/decide/refill.ts";
import { type Machine, realMachine } from "../../../core/io/driver.ts";
import type { Rules } from "../../../core/io/rules.ts";
import type { ImageId } from "../../../core/model/ids.ts";
import { stampAfter } from "../../../core/model/records.ts";
import type { Disk, DiskFile, Index, IndexChange, Place, SegmentId } from "../../../core/ports.ts";
import { decodeRecord } from "../../../core/store/record-codec.ts";
import { recoverLog } from "../../../core/store/recover.ts";
import { blockBytes, decodeExtentHead, segmentIdOf } from "../../../core/store/segment-format.ts";
import { walkSegment } from "../../../core/store/walk.ts";
import type { SimFolder } from "../sim-folder.ts";
import type { Parts } from "./host.ts";
import { realParts, shortRules } from "./whole-run.ts";

export interface WholeMutant {
  readonly name: string;
  /** What is wrong with it. */
  readonly bug: string;
  /** Made anew for each run, for those that remember something. */
  readonly parts: () => Parts;
}

const mutant = (name: string, bug: string, change: () => Partial<Parts>): WholeMutant => ({
  name,
  bug,
  parts: () => ({ ...realParts, ...change() }),
});

const ruling = (name: string, bug: string, change: Partial<Rules>): WholeMutant =>
  mutant(name, bug, () => ({ rules: { ...shortRules, ...change } }));

const stepping = (name: string, bug: string, step: Machine["step"]): WholeMutant =>
  mutant(name, bug, () => ({ machine: { ...realMachine, step } }));

/** A disk with other files. */
const withFiles = (disk: Disk, change: (file: DiskFile, name: string) => Partial<DiskFile>): Disk => {
  const changed = (file: DiskFile, name: string): DiskFile => ({
    // The size is asked for again and again.
    get bytes() {
      return file.bytes;
    },
    read: (at, length) => file.read(at, length),
    write: (at, pieces) => file.write(at, pieces),
    sync: () => file.sync(),
    close: () => file.close(),
    ...change(file, name),
  });
  return {
    ...disk,
    freeBytes: () => disk.freeBytes(),
    create: async (name, bytes) => changed(await disk.create(name, bytes), name),
    open: async (name) => changed(await disk.open(name), name),
  };
};

const isLogHead = (piece: Uint8Array): boolean => Buffer.from(piece.subarray(0, 4)).toString() === "DSLG";

/** Payloads go to the disk when the batch that names them is synced already. */
const payloadLater = (file: DiskFile): Partial<DiskFile> => {
  let held: { readonly at: number; readonly pieces: readonly Uint8Array[] }[] = [];
  return {
    write: (at, pieces) => {
      const log = pieces.findIndex(isLogHead);
      const payload = log === -1 ? pieces : pieces.slice(0, log);
      // Whoever wrote them takes them back when they are written.
      if (payload.length > 0) held.push({ at, pieces: payload.map((piece) => piece.slice()) });
      const before = payload.reduce((sum, { length }) => sum + length, 0);
      return log === -1 ? Promise.resolve() : file.write(at + before, pieces.slice(log));
    },
    sync: async () => {
      await file.sync();
      const late = held;
      held = [];
      for (const { at, pieces } of late) await file.write(at, pieces);
    },
  };
};

/** Says that everything is on the disk, and only then brings it there. */
const syncsLater = (file: DiskFile): Partial<DiskFile> => ({
  sync: async () => {
    void file.sync().catch(() => undefined);
  },
});

const syncsAgain = (file: DiskFile): Partial<DiskFile> => ({
  sync: () => file.sync().catch(() => file.sync()),
});

/** Zeros over what was there are not written. */
const keepsEntries = (file: DiskFile): Partial<DiskFile> => ({
  write: (at, pieces) =>
    pieces.every((piece) => piece.every((byte) => byte === 0)) ? Promise.resolve() : file.write(at, pieces),
});

/** What a segment held stays in the file for the next one, which has its name too. */
const recycling = (): Partial<Parts> => {
  const kept = new WeakMap<SimFolder, Map<string, Uint8Array>>();
  const keptIn = (folder: SimFolder): Map<string, Uint8Array> => {
    const known = kept.get(folder) ?? new Map<string, Uint8Array>();
    kept.set(folder, known);
    return known;
  };
  return {
    disk: (disk, folder) => ({
      ...disk,
      freeBytes: () => disk.freeBytes(),
      remove: async (name) => {
        const content = folder.contentOf(name);
        if (content !== null && name.endsWith(".segment")) keptIn(folder).set(name, content);
        await disk.remove(name);
      },
      create: async (name, bytes) => {
        const file = await disk.create(name, bytes);
        const before = keptIn(folder).get(name);
        keptIn(folder).delete(name);
        if (before !== undefined) folder.overwrite(name, 0, before.subarray(0, bytes));
        return file;
      },
    }),
    newSegmentId: (fresh, folder) => {
      const [name] = keptIn(folder).keys();
      return name === undefined ? fresh() : segmentIdOf(name.slice(0, 32));
    },
  };
};

/** One place for all payloads that have the same hash, whosever they are. */
const byHashAlone = (index: Index): Index => {
  const places = new Map<string, { readonly id: ImageId; readonly place: Place }>();
  const shared = (change: IndexChange): IndexChange => {
    if (change.kind === "drop" || change.row.payload === null) return change;
    const record = decodeRecord(change.row.summary, null);
    if (record.kind !== "image") return change;
    const hash = Buffer.from(record.facts.payloadHash).toString("hex");
    const first = places.get(hash);
    if (first !== undefined && first.id !== record.facts.id)
      return { kind: "put", row: { ...change.row, payload: first.place } };
    places.set(hash, { id: record.facts.id, place: change.row.payload });
    return change;
  };
  return { ...index, apply: (changes, position) => index.apply(changes.map(shared), position) };
};

/** Takes a batch also when one is missing before it. */
const overHoles = (index: Index): Index => ({
  ...index,
  apply: async (changes, step) => {
    try {
      await index.apply(changes, step);
    } catch (error) {
      const { batch: after } = await index.position();
      if (after === step.after) throw error;
      await index.apply(changes, { ...step, after });
    }
  },
});

/** The walk ends where nothing begins. */
async function* upToZeros(file: DiskFile, segment: SegmentId, from?: number): ReturnType<typeof walkSegment> {
  for await (const extent of walkSegment(file, segment, from)) {
    const before = extent.head.at - blockBytes;
    if (before >= blockBytes) {
      const bytes = await file.read(before, blockBytes);
      const begins = decodeExtentHead(bytes, segment, before) !== null;
      if (!begins && bytes.every((byte) => byte === 0)) return;
    }
    yield extent;
  }
}

const withStanding = (
  step: ReturnType<Machine["step"]>,
  kinds: readonly ("rebuilding" | "returning" | "unborn")[],
): ReturnType<Machine["step"]> => {
  const [state, effects] = step;
  const { standing } = state;
  const open = kinds.some((kind) => kind === standing.kind);
  return open
    ? [{ ...state, standing: { kind: "ready" }, generation: Math.max(1, state.generation) }, effects]
    : step;
};

export const wholeMutants: readonly WholeMutant[] = [
  mutant("record-before-payload", "a record is durable before its payload", () => ({
    disk: (disk) => withFiles(disk, payloadLater),
  })),
  ruling("acknowledges-early", "acknowledges before a majority has it", {
    beginReplication: (self, preferred, wanted) => shortRules.beginReplication(self, preferred, wanted, 1),
  }),
  ruling("two-of-five", "five nodes acknowledge at two copies", {
    beginReplication: (self, preferred, wanted, majority) =>
      shortRules.beginReplication(self, preferred, wanted, Math.min(2, majority)),
  }),
  mutant("fresh-nonce", "a retry seals under a fresh nonce", () => {
    let times = 0;
    return {
      rules: {
        ...shortRules,
        payloadNonce: (fileKey, hash) => {
          times++;
          return shortRules
            .payloadNonce(fileKey, hash)
            .map((byte, at) => (at < 4 ? byte ^ (times >> (8 * at)) : byte));
        },
      },
    };
  }),
  ruling("takes-other-bytes", "accepts other bytes under the same id", { isIdOf: () => true }),
  mutant("stops-at-zeros", "recovery stops at zeros", () => ({ store: { walk: upToZeros } })),
  mutant("trusts-index", "an index that is ahead of the segments is trusted", () => ({
    store: {
      recover: async (found, segments, position, tailIsWhole) => {
        const recovery = await recoverLog(found, segments, position, tailIsWhole);
        return recovery.kind === "ahead"
          ? { kind: "good", batches: [], tail: position, usedUpTo: position }
          : recovery;
      },
    },
  })),
  mutant("announces-early", "announces a change number before its sync", () => ({
    disk: (disk) => withFiles(disk, syncsLater),
  })),
  mutant("recycles-segments", "a segment is used again", recycling),
  mutant("no-hash-check", "does not check the hash of what it reads", () => ({
    store: { isSound: () => true },
  })),
  ruling("reads-alone", "reads without the feed heads of the others", { readQuorum: () => 1 }),
  ruling("forgets-by-itself", "a tombstone is dropped by time, whoever has acknowledged it", {
    mayForget: () => true,
    tombstoneMs: () => 0,
    mustHear: () => [],
  }),
  mutant("rests-for-ever", "takes a request that another node sent long ago", () => ({
    rest: { guestMs: Number.POSITIVE_INFINITY, peerMs: Number.POSITIVE_INFINITY },
  })),
  mutant("keeps-entries", "acknowledges a tombstone and leaves the old entries", () => ({
    disk: (disk) => withFiles(disk, keepsEntries),
  })),
  ruling("erases-alone", "erases what has been in the trash for long without asking the others", {
    erasureOf: (record, view) => {
      const { trashed, facts } = record;
      if (trashed.value === null || view.now - trashed.value < view.trashMs) return { kind: "none" };
      const purge = { stamp: stampAfter(trashed.stamp, view.self), reason: "expired" } as const;
      const { id, owner } = facts;
      return { kind: "purge", tombstone: { kind: "tombstone", id, owner, purge, erasedOn: [] } };
    },
  }),
  mutant("payloads-by-hash", "keeps payloads by their hash alone", () => ({ index: byHashAlone })),
  mutant("over-holes", "an index takes a batch that does not follow on what it has", () => ({
    index: overHoles,
  })),
  mutant("answers-with-holes", "answers from an index that lacks a batch", () => ({
    store: { answers: (index) => index },
  })),
  stepping("answers-unfilled", "votes and answers while its disk is being filled", (state, event, moment) =>
    withStanding(realMachine.step(state, event, moment), ["rebuilding"]),
  ),
  ruling("fills-from-one", "fills an empty disk from one node", {
    refillStep: (sources, peers, startedAt, now, rules) =>
      refillStep(sources, peers, startedAt, now, { ...rules, majority: rules.nodes }),
  }),
  ruling("fills-at-once", "fills an empty disk without waiting for votes that it forgot", {
    refillStep: (sources, peers, startedAt, now, rules) =>
      refillStep(sources, peers, startedAt, now, { ...rules, electionTimeoutMs: 0 }),
  }),
  stepping("merges-backup", "goes on with an old backup", (state, event, moment) => {
    const [next, effects] = realMachine.step(state, event, moment);
    const outdated = effects.some(({ kind }) => kind === "outdated");
    if (!outdated) return [next, effects];
    const quiet = effects.filter(({ kind }) => kind !== "outdated");
    return withStanding([next, quiet], ["rebuilding"]);
  }),
  mutant("syncs-again", "tries a failed sync again", () => ({ disk: (disk) => withFiles(disk, syncsAgain) })),
  ruling("no-write-back", "shows what a majority may not have", { isSettled: () => true }),
];
