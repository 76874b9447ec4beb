import { join } from "node:path";
import { expect, test } from "vitest";
import { openFolderDisk } from "../../../core/io/folder-disk.ts";
import { openIndex } from "../../../core/io/index/index-client.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { noteLogStart, readLogStart } from "../../../core/store/log-start.ts";
import { openStore } from "../../../core/store/open.ts";
import { blockBytes, segmentIdOf } from "../../../core/store/segment-format.ts";
import { walkSegment } from "../../../core/store/walk.ts";
import { testFolder } from "../../support/folders.ts";
import { idOf, recordOf, storeOf } from "../../support/records.ts";

const opened = async (folder: string) => {
  const from: number[] = [];
  const index = await openIndex(join(folder, "index.sqlite"));
  if (!index.ok) throw new Error(index.fault.code);
  let made = 0;
  const store = await openStore({
    disk: await openFolderDisk(join(folder, "segments")),
    index: index.value,
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () => segmentIdOf(String(++made).padStart(32, "0")),
    segmentBytes: 1_048_576,
    headroomBytes: 0,
    walk: (file, segment, at = blockBytes) => {
      from.push(at);
      return walkSegment(file, segment, at);
    },
  });
  return { store, index: index.value, from };
};

const ids = [1, 2, 3].map(idOf);

test("a store that is opened again reads its log from where the index knows it", async () => {
  const folder = testFolder();
  const first = await opened(folder);
  for (const id of ids) await first.store.merge([recordOf(id)]);
  await first.store.close();
  const second = await opened(folder);
  expect(Math.min(...second.from)).toBeGreaterThan(blockBytes);
  expect((await second.store.recordsOf(ids)).every((record) => record !== null)).toBe(true);
  await second.store.close();
});

test("when no such batch is there it reads everything", async () => {
  const folder = testFolder();
  const first = await opened(folder);
  for (const id of ids) await first.store.merge([recordOf(id)]);
  await first.store.close();
  const index = await openIndex(join(folder, "index.sqlite"));
  if (!index.ok) throw new Error(index.fault.code);
  const noted = await readLogStart(index.value);
  if (noted === null) throw new Error("nothing was noted");
  await noteLogStart(index.value, { ...noted, at: noted.at + blockBytes });
  await index.value.close();
  const second = await opened(folder);
  expect(second.from).toContain(blockBytes);
  expect((await second.store.recordsOf(ids)).every((record) => record !== null)).toBe(true);
  await second.store.merge([recordOf(idOf(4))]);
  await second.store.close();
  const third = await opened(folder);
  expect((await third.store.recordsOf([...ids, idOf(4)])).every((record) => record !== null)).toBe(true);
  await third.store.close();
});
