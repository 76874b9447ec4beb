/**
 * The index in memory, on a simulated disk that outlives its process: the port said as simply as possible.
 *
 * Every call takes effect at once and is answered in its turn, which is the next one, but for a failing disk, that takes
 * its time. What is asked is looked for among all rows; a simulated cluster has few.
 */
import type { UserName } from "../../core/model/ids.ts";
import { digestBucketOf, namesImage } from "../../core/model/image-id.ts";
import type {
  DigestBucket,
  HomeSet,
  Index,
  IndexedPage,
  IndexRow,
  Place,
  SegmentId,
  SegmentUse,
} from "../../core/ports.ts";
import { Content, failed, type Undo } from "./memory-index-content.ts";

export interface MemoryIndexDisk {
  /**
   * For a process that starts. Whoever had it open before has lost it. `onFailure` is called when a batch fails by
   * `failNextApply`; that it did is told when what it gives resolves, and nothing that was asked after it sooner.
   */
  open(onFailure?: () => Promise<void>): Index;
  /** The next batch cannot be written, once: DISK_FAILED. */
  failNextApply(): void;
  /** What was to fail does not. */
  repair(): void;
  /** The process is gone: what it still asks for fails, with DISK_FAILED. */
  crash(): void;
  /** A power loss took the last so many writing calls, at most `undoneMax`. The process is gone. */
  loseLast(transactions: number): void;
  /** An empty disk was put in, or the file was damaged. The process is gone. */
  loseAll(): void;
  /** For bringing it back later, behind or ahead of the segments. */
  snapshot(): MemoryIndexSnapshot;
  /** The process is gone. */
  restore(snapshot: MemoryIndexSnapshot): void;
}

/** Only for `restore`. */
export interface MemoryIndexSnapshot {
  readonly content: Content;
}

/** How many writing calls the disk can take back; a real one has copied its log into the file long before. */
export const undoneMax = 1_000;

export const createMemoryIndexDisk = (): MemoryIndexDisk => {
  let content = new Content();
  let history: Undo[] = [];
  let user: symbol | null = null;
  let fails = false;

  const replaceBy = (next: Content): void => {
    content = next;
    history = [];
    user = null;
  };
  return {
    open: (onFailure = async () => undefined) => {
      const self = Symbol();
      user = self;
      let turn: Promise<void> = Promise.resolve();
      const read: Read = (ask) => {
        const answer = attempt(() => {
          if (user !== self) throw failed("it is open no more");
          return ask(content);
        });
        return turn.then(answer);
      };
      const write: Write = (change) =>
        read(() => {
          history.push(content.atomically(change));
          if (history.length > undoneMax) history.shift();
        });
      const close = async (): Promise<void> => {
        if (user === self) user = null;
      };
      const { apply, ...writes } = writesTo(write);
      const tryToApply: Index["apply"] = (changes, step) => {
        if (!fails || user !== self) return apply(changes, step);
        fails = false;
        turn = onFailure();
        return read(() => {
          throw failed("a write failed, because somebody wants it to");
        });
      };
      const settle = (): Promise<void> =>
        read(() => {
          history = [];
        });
      return { ...questionsTo(read), ...sumsOf(read), ...writes, apply: tryToApply, settle, close };
    },
    failNextApply: () => {
      fails = true;
    },
    repair: () => {
      fails = false;
    },
    crash: () => {
      user = null;
    },
    loseLast: (transactions) => {
      if (transactions > undoneMax) throw new RangeError(`at most ${undoneMax} can be lost`);
      for (let lost = 0; lost < transactions; lost++) history.pop()?.();
      user = null;
    },
    loseAll: () => replaceBy(new Content()),
    snapshot: () => ({ content: content.copy() }),
    restore: (snapshot) => replaceBy(snapshot.content.copy()),
  };
};

/** Does it now, and gives what says later how that went. */
const attempt = <Value>(work: () => Value): (() => Value) => {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
};

type Read = <Value>(ask: (content: Content) => Value) => Promise<Value>;
type Write = (change: (content: Content) => void) => Promise<void>;

const writesTo = (
  write: Write,
): Pick<Index, "apply" | "clear" | "forgetSuperseded" | "forgetSegment" | "setNote"> => ({
  apply: (changes, { after, batch, feedHead }) =>
    write((content) => {
      const { batch: at } = content.position;
      if (at !== after) throw failed(`batch ${batch} follows on ${after}, and the index is at ${at}`);
      for (const change of changes) content.apply(change);
      content.setPosition({ batch, feedHead });
    }),
  clear: () => write((content) => content.clear()),
  forgetSuperseded: (id, places) => write((content) => content.forgetSuperseded(id, places)),
  forgetSegment: (segment) => write((content) => content.forgetSegment(segment)),
  setNote: (name, text) => write((content) => content.setNote(name, text)),
});

type Sums = "homeSets" | "holdings" | "digests" | "segments";
type Writes = keyof ReturnType<typeof writesTo> | "settle" | "close";

const questionsTo = (read: Read): Omit<Index, Sums | Writes> => ({
  position: () => read(({ position }) => position),
  get: (ids) => read((content) => ids.map((id) => content.row(id))),
  changedAfter: (after, limit) =>
    read((content) => {
      const { rows, more } = pageOf(content.changedAfter(after), limit);
      return { changes: rows.map(({ id, change, digest }) => ({ id, change, digest })), more };
    }),
  digestsOf: (ids) => read((content) => ids.map((id) => content.row(id)?.digest ?? null)),
  list: (user, before, limit) =>
    read((content) => bare(pageOf(imagesOf(user, content.rowsBefore(before)), limit))),
  find: (user, part, limit) =>
    read((content) => {
      const images = [...imagesOf(user, content.rowsBefore(null))];
      const wanted = images.filter(({ id }) => namesImage(part, id));
      return bare(pageOf(wanted, limit)).rows;
    }),
  walk: (after, limit) => read((content) => bare(pageOf(content.rowsAfter(after), limit))),
  inSegment: (segment, after, limit) =>
    read((content) => {
      const isThere = ({ entry, payload }: IndexRow): boolean =>
        entry.segment === segment || payload?.segment === segment;
      return pageOf([...content.rowsAfter(after)].filter(isThere), limit);
    }),
  inHomeSet: ({ homes, here }, after, limit) =>
    read((content) => {
      const isIn = (row: IndexRow): boolean =>
        row.kind === "image" && row.homes === homes && (row.payload !== null) === here;
      return bare(pageOf([...content.rowsAfter(after)].filter(isIn), limit));
    }),
  supersededOf: (id) => read((content): readonly Place[] => content.superseded(id)),
  trashedBefore: (atMs, after, limit) =>
    read((content) => {
      const isDue = ({ kind, trashedAtMs }: IndexRow): boolean =>
        kind === "image" && trashedAtMs !== null && trashedAtMs < atMs;
      return pageOf([...content.rowsAfter(after)].filter(isDue), limit);
    }),
  toErase: (limit) =>
    read((content) => {
      const wanted = [...content.rowsAfter(null)].filter(({ toErase }) => toErase);
      return pageOf(wanted, limit).rows;
    }),
  tombstones: (after, limit) =>
    read((content) => {
      const wanted = [...content.rowsAfter(after)].filter(({ kind }) => kind === "tombstone");
      return pageOf(wanted, limit);
    }),
  bucket: (bucket, after, limit) =>
    read((content) => {
      const wanted = [...content.rowsAfter(after)].filter(({ id }) => digestBucketOf(id) === bucket);
      return wanted.slice(0, limit).map(({ id, digest }) => ({ id, digest }));
    }),
  note: (name) => read((content) => content.note(name)),
});

const digestSpan = 2 ** 48;

interface Counts {
  readonly homeSets: readonly HomeSet[];
  readonly holdings: { readonly images: number; readonly payloadBytes: number };
  readonly digests: readonly DigestBucket[];
  readonly segments: readonly SegmentUse[];
}

/** Counted when they are asked for, and again only when something has changed. */
const sumsOf = (read: Read): Pick<Index, Sums> => {
  let known: { readonly version: number; readonly counts: Counts } | null = null;
  const counts = (): Promise<Counts> =>
    read((content) => {
      if (known?.version !== content.version) known = { version: content.version, counts: count(content) };
      return known.counts;
    });
  return {
    homeSets: async () => (await counts()).homeSets,
    holdings: async () => (await counts()).holdings,
    digests: async () => (await counts()).digests,
    segments: async () => (await counts()).segments,
  };
};

const count = (content: Content): Counts => {
  const homeSets = new Map<string, HomeSet>();
  const digests = new Map<number, DigestBucket>();
  const segments = new Map<SegmentId, SegmentUse>();
  let holdings = { images: 0, payloadBytes: 0 };
  for (const { id, kind, digest, entry, payload, homes, payloadBytes } of content.rowsAfter(null)) {
    const bucket = digestBucketOf(id);
    const sum = digests.get(bucket) ?? { bucket, records: 0, digest: 0 };
    digests.set(bucket, { bucket, records: sum.records + 1, digest: (sum.digest + digest) % digestSpan });
    for (const { segment, bytes } of payload === null ? [entry] : [entry, payload]) {
      segments.set(segment, { segment, liveBytes: (segments.get(segment)?.liveBytes ?? 0) + bytes });
    }
    if (kind === "tombstone") continue;
    const here = payload !== null;
    const key = `${homes} ${here}`;
    const set = homeSets.get(key) ?? { homes, here, images: 0, payloadBytes: 0 };
    homeSets.set(key, { ...set, images: set.images + 1, payloadBytes: set.payloadBytes + payloadBytes });
    if (payload === null) continue;
    holdings = { images: holdings.images + 1, payloadBytes: holdings.payloadBytes + payloadBytes };
  }
  return {
    homeSets: [...homeSets.values()].sort(
      (a, b) => compareTexts(a.homes, b.homes) || Number(a.here) - Number(b.here),
    ),
    holdings,
    digests: ascending(digests),
    segments: ascending(segments),
  };
};

function* imagesOf(user: UserName, rows: Iterable<IndexRow>): Iterable<IndexRow> {
  for (const row of rows)
    if (row.kind === "image" && (row.owner === user || row.readers.includes(user))) yield row;
}

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The values by ascending key. */
const ascending = <Key extends number | string, Value>(map: ReadonlyMap<Key, Value>): readonly Value[] =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);

const pageOf = (rows: Iterable<IndexRow>, limit: number): IndexedPage => {
  const taken: IndexRow[] = [];
  for (const row of rows) {
    if (taken.length === limit) return { rows: taken, more: true };
    taken.push(row);
  }
  return { rows: taken, more: false };
};

const bare = ({ rows, more }: IndexedPage): IndexedPage => ({
  rows: rows.map((row) => ({ ...row, thumbnail: null })),
  more,
});
