/** The store on a real folder with its database, and on the simulated ones. */
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openFolderDisk } from "../../core/io/folder-disk.ts";
import { openIndex } from "../../core/io/index/index-client.ts";
import { nodeId } from "../../core/model/ids.ts";
import type { ImageRecord } from "../../core/model/records.ts";
import type { Disk, DiskFile, Index } from "../../core/ports.ts";
import { openStore } from "../../core/store/open.ts";
import { extentHeadBytes, segmentIdOf } from "../../core/store/segment-format.ts";
import type { SegmentStore } from "../../core/store/store.ts";
import { createMemoryIndexDisk } from "../sim/memory-index.ts";
import { createRandom } from "../sim/random.ts";
import { createSimFolder } from "../sim/sim-folder.ts";
import { testFolder } from "../support/folders.ts";
import { storeOf } from "../support/records.ts";
import { describeStore, type StoreLab } from "./store.contract.ts";

const open = (disk: Disk, index: Index): Promise<SegmentStore> =>
  openStore({
    disk,
    index,
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: 1_048_576,
    headroomBytes: 0,
  });

/** The same disk; what is opened on it is put on `files`. */
const watched = (disk: Disk, files: DiskFile[]): Disk => {
  const keep = (file: DiskFile): DiskFile => {
    files.push(file);
    return file;
  };
  return {
    freeBytes: () => disk.freeBytes(),
    list: () => disk.list(),
    readSmall: (name) => disk.readSmall(name),
    replaceSmall: (name, content) => disk.replaceSmall(name, content),
    remove: (name) => disk.remove(name),
    create: async (name, bytes) => keep(await disk.create(name, bytes)),
    open: async (name) => keep(await disk.open(name)),
  };
};

/** Where the payload of `record` begins in one of the store's files. */
const placeOf = (store: SegmentStore, record: ImageRecord) =>
  store.index.get([record.facts.id]).then(([row]) => {
    if (row?.payload == null) throw new Error("not stored");
    const { segment, at } = row.payload;
    return { name: store.segments.nameOf(segment), at: at + extentHeadBytes + 1 };
  });

describeStore(
  "a store in a folder",
  async (): Promise<StoreLab> => {
    const folder = testFolder();
    const files: DiskFile[] = [];
    let current: SegmentStore | null = null;
    /** Its database must not be open twice, and the system closes the files of a process that is gone. */
    const leave = async (): Promise<void> => {
      await current?.index.close();
      current = null;
      for (const file of files.splice(0)) await file.close().catch(() => undefined);
    };
    onTestFinished(leave);
    return {
      open: async () => {
        await leave();
        const index = await openIndex(join(folder, "index.sqlite"));
        if (!index.ok) throw new Error(JSON.stringify(index.fault));
        const disk = await openFolderDisk(join(folder, "segments"));
        current = await open(watched(disk, files), index.value);
        return current;
      },
      flipByte: async (record) => {
        if (current === null) throw new Error("not open");
        const { name, at } = await placeOf(current, record);
        const path = join(folder, "segments", name);
        const bytes = readFileSync(path);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        writeFileSync(path, bytes);
      },
    };
  },
  4,
);

describeStore(
  "a store on a simulated disk",
  async (): Promise<StoreLab> => {
    const folder = createSimFolder(createRandom(1));
    const indexDisk = createMemoryIndexDisk();
    let current: SegmentStore | null = null;
    return {
      open: async () => {
        // Of what was not synced a power cut takes what it likes.
        folder.powerFails();
        current = await open(
          folder.open(async () => undefined),
          indexDisk.open(),
        );
        return current;
      },
      flipByte: async (record) => {
        if (current === null) throw new Error("not open");
        const { name, at } = await placeOf(current, record);
        const byte = folder.contentOf(name)?.[at] ?? 0;
        folder.overwrite(name, at, new Uint8Array([byte ^ 1]));
      },
    };
  },
  100,
);
