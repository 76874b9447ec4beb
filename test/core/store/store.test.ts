/** A store whose disk has trouble of its own. What every store does is in `test/contracts/store.contract.ts`. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { type Fault, FaultError, fault, type Result } from "../../../core/model/faults.ts";
import { nodeId } from "../../../core/model/ids.ts";
import type { Disk } from "../../../core/ports.ts";
import { openStore } from "../../../core/store/open.ts";
import { segmentIdOf } from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder } from "../../sim/sim-folder.ts";
import { idOf, recordOf, storeOf } from "../../support/records.ts";

/** A store on a disk that fails as told: at making files, opening them, or writing a small one. */
const openTroubled = async () => {
  const folder = createSimFolder(createRandom(1));
  const index = createMemoryIndexDisk();
  const trouble: { now: Fault | null } = { now: null };
  const real = folder.open(async () => undefined);
  const check = (): void => {
    if (trouble.now !== null) throw new FaultError(trouble.now);
  };
  const disk: Disk = {
    ...real,
    create: async (name, bytes) => {
      check();
      return real.create(name, bytes);
    },
    open: async (name) => {
      check();
      return real.open(name);
    },
    replaceSmall: async (name, content) => {
      check();
      return real.replaceSmall(name, content);
    },
  };
  const open = (): Promise<SegmentStore> =>
    openStore({
      disk,
      index: index.open(),
      store: storeOf(1),
      node: nodeId(1),
      newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
      segmentBytes: 1_048_576,
      headroomBytes: 0,
    });
  return { store: await open(), open, folder, trouble };
};
const codeOf = (result: Result<number>): string => (result.ok ? "stored" : result.fault.code);

test("too many open files pass: what was asked meanwhile is refused, and the disk goes on", async () => {
  const { store, open, folder, trouble } = await openTroubled();
  trouble.now = fault("BUSY", { what: "EMFILE" });
  expect(codeOf(await store.merge([recordOf(idOf(1))]))).toBe("BUSY");
  expect(store.fault).toBeNull();
  expect(await store.get(idOf(1))).toBeNull();
  trouble.now = null;
  expect(codeOf(await store.merge([recordOf(idOf(2))]))).toBe("stored");
  folder.powerFails();
  const again = await open();
  expect((await again.get(idOf(2)))?.record).toEqual(recordOf(idOf(2)));
  expect(again.feedHead).toBe(1);
});

test("a disk that fails does not pass: nothing more is stored, and it says why", async () => {
  const { store, trouble } = await openTroubled();
  const failed = fault("DISK_FAILED", { path: "disk", reason: "EIO" });
  trouble.now = failed;
  expect(codeOf(await store.merge([recordOf(idOf(1))]))).toBe("DISK_FAILED");
  trouble.now = null;
  expect(store.fault).toEqual(failed);
  expect(codeOf(await store.merge([recordOf(idOf(2))]))).toBe("DISK_FAILED");
});
