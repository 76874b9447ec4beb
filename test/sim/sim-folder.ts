/**
 * A folder on a simulated disk: what was written is seen at once, and is safe only after a sync.
 *
 * A process that crashes leaves what it wrote to the system; a power cut keeps of what was not synced any sectors
 * it likes. After a failed sync the system believes that everything is clean: a second sync says yes, and the bytes
 * are gone at the next power cut (Rebello et al., 2020). Files can be damaged, the disk can be full, and the whole
 * folder can be put back to an earlier day.
 */
import { FaultError, fault } from "../../core/model/faults.ts";
import type { Disk, DiskFile } from "../../core/ports.ts";
import { Bytes } from "./bytes.ts";
import type { Random } from "./random.ts";

const rotTriesMax = 20;

/** Time passes at the disk: resolves when an operation is through; never, when its process has ended meanwhile. */
export type DiskDelay = (operation: "read" | "write" | "sync" | "name") => Promise<void>;

export interface SimFolder {
  /** The disk as one process sees it. */
  open(delay: DiskDelay): Disk;
  /** The power is gone: of what was not synced some sectors are on the disk and some are not. */
  powerFails(): void;
  /** The next sync fails, and the system forgets that there was anything to write. */
  failNextSync(): void;
  failNextWrite(): void;
  /** Flips a byte of a file that `choose` picks; false when there is nothing to damage. */
  rot(choose: (name: string) => boolean): boolean;
  /** Nothing fails any more that was not lost yet. */
  repair(): void;
  capacityBytes: number;
  /** Another folder with what is on the disk now. */
  copy(): SimFolder;
  /** The folder is put back to what it was when the function was made. */
  backup(): () => void;
  wipe(): void;
  readonly names: readonly string[];
  /** What a reader would find; for tests. */
  contentOf(name: string): Uint8Array | null;
  overwrite(name: string, at: number, bytes: Uint8Array): void;
  readonly usedBytes: number;
}

interface File {
  /** What readers see. */
  readonly cache: Bytes;
  /** What is on the disk. */
  readonly durable: Bytes;
  /** Written and neither synced nor lost by a failed sync. */
  pending: Pending[];
}
interface Pending {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const sectorBytes = 512;

export const createSimFolder = (random: Random): SimFolder => folderOf(new Map(), random);

const folderOf = (content: Map<string, File>, random: Random): SimFolder => {
  let files = content;
  let syncFails = false;
  let writeFails = false;

  const folder: SimFolder = {
    capacityBytes: Number.POSITIVE_INFINITY,
    open: (delay) => openDisk(delay),
    powerFails: () => {
      for (const file of files.values()) {
        for (const write of file.pending) keepSomeSectors(file, write, random);
        file.pending = [];
        file.cache.become(file.durable);
      }
    },
    failNextSync: () => {
      syncFails = true;
    },
    failNextWrite: () => {
      writeFails = true;
    },
    repair: () => {
      syncFails = false;
      writeFails = false;
      folder.capacityBytes = Number.POSITIVE_INFINITY;
    },
    rot: (choose) => {
      const names = [...files.keys()].filter(
        (name) => choose(name) && (files.get(name)?.cache.length ?? 0) > 0,
      );
      if (names.length === 0) return false;
      const file = files.get(random.pick(names));
      if (file === undefined) return false;
      // Damage where nothing was written yet hurts nobody.
      let at = random.whole(0, file.cache.length - 1);
      for (let tries = 0; file.cache.at(at) === 0 && tries < rotTriesMax; tries++)
        at = random.whole(0, file.cache.length - 1);
      flip(file.cache, at);
      if (at < file.durable.length) flip(file.durable, at);
      return true;
    },
    copy: () => folderOf(durableOf(files), random),
    backup: () => {
      const copy = durableOf(files);
      return () => {
        files = durableOf(copy);
      };
    },
    wipe: () => {
      files = new Map();
    },
    get names() {
      return [...files.keys()].sort();
    },
    contentOf: (name) => files.get(name)?.cache.slice() ?? null,
    overwrite: (name, at, bytes) => {
      const file = files.get(name);
      if (file === undefined) throw new RangeError(`no file ${name}`);
      file.cache.write(at, bytes);
      file.durable.write(at, bytes);
    },
    get usedBytes() {
      let used = 0;
      for (const { cache } of files.values()) used += cache.length;
      return used;
    },
  };

  const room = (bytes: number): void => {
    if (folder.usedBytes + bytes > folder.capacityBytes)
      throw new FaultError(fault("DISK_FULL", { path: "simulated", freeBytes: 0 }));
  };

  const openDisk = (delay: DiskDelay): Disk => ({
    list: async () => {
      await delay("name");
      return folder.names;
    },
    readSmall: async (name) => {
      await delay("read");
      return files.get(name)?.cache.slice() ?? null;
    },
    replaceSmall: async (name, content) => {
      // Before or after: a crash in between leaves one of them.
      const early = random.chance(0.5);
      const replace = (): void => {
        files.set(name, fileOf(content.slice()));
      };
      room(content.length - (files.get(name)?.cache.length ?? 0));
      if (early) replace();
      await delay("sync");
      if (!early) replace();
    },
    create: async (name, bytes) => {
      if (files.has(name)) throw failed(`${name} exists`);
      room(bytes);
      files.set(name, {
        cache: new Bytes(new Uint8Array(bytes)),
        durable: new Bytes(new Uint8Array(bytes)),
        pending: [],
      });
      await delay("sync");
      return openFile(name, delay);
    },
    open: async (name) => {
      await delay("name");
      if (!files.has(name)) throw failed(`${name} is not there`);
      return openFile(name, delay);
    },
    remove: async (name) => {
      const early = random.chance(0.5);
      if (early) files.delete(name);
      await delay("name");
      if (!early) files.delete(name);
    },
    freeBytes: () => folder.capacityBytes - folder.usedBytes,
  });

  const openFile = (name: string, delay: DiskDelay): DiskFile => {
    const file = files.get(name);
    if (file === undefined) throw new RangeError(`no file ${name}`);
    return {
      get bytes() {
        return file.cache.length;
      },
      read: async (at, length) => {
        await delay("read");
        return file.cache.slice(at, at + length);
      },
      write: async (at, pieces) => {
        if (writeFails) {
          writeFails = false;
          await delay("write");
          throw failed("EIO");
        }
        const bytes = Buffer.concat(pieces);
        room(Math.max(0, at + bytes.length - file.cache.length));
        const early = random.chance(0.5);
        const put = (): void => {
          file.cache.write(at, bytes);
          file.pending.push({ at, bytes: new Uint8Array(bytes) });
        };
        if (early) put();
        await delay("write");
        if (!early) put();
      },
      sync: async () => {
        const covered = new Set(file.pending);
        if (syncFails) {
          syncFails = false;
          file.pending = [];
          await delay("sync");
          throw failed("EIO");
        }
        await delay("sync");
        for (const write of file.pending) if (covered.has(write)) file.durable.write(write.at, write.bytes);
        file.pending = file.pending.filter((write) => !covered.has(write));
      },
      close: async () => undefined,
    };
  };

  return folder;
};

/** A copy of what is on the disk. */
const durableOf = (files: ReadonlyMap<string, File>): Map<string, File> =>
  new Map(
    [...files].map(([name, { durable }]) => [
      name,
      { durable: durable.copy(), cache: durable.copy(), pending: [] },
    ]),
  );

/** One that is on the disk. */
const fileOf = (content: Uint8Array): File => {
  const durable = new Bytes(content);
  return { durable, cache: durable.copy(), pending: [] };
};

const keepSomeSectors = (file: File, { at, bytes }: Pending, random: Random): void => {
  const keepsAll = random.chance(0.3);
  const keepsNone = !keepsAll && random.chance(0.3);
  if (keepsNone) return;
  for (let from = 0; from < bytes.length; from = sectorEnd(at + from) - at) {
    const to = Math.min(bytes.length, sectorEnd(at + from) - at);
    if (keepsAll || random.chance(0.5)) file.durable.write(at + from, bytes.subarray(from, to));
  }
};

const sectorEnd = (at: number): number => (Math.floor(at / sectorBytes) + 1) * sectorBytes;

const flip = (bytes: Bytes, at: number): void => bytes.write(at, Uint8Array.of(bytes.at(at) ^ 0x41));

const failed = (reason: string): FaultError =>
  new FaultError(fault("DISK_FAILED", { path: "simulated", reason }));
