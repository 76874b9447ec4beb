import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDrainFile } from "../../../core/io/drain-file.ts";
import { userNameOf } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import { testFolder } from "../../support/folders.ts";

const by = userNameOf("operator");

test("a drain is there for the next process, and so is its end", () => {
  const path = join(testFolder(), "drained.json");
  expect(openDrainFile(path).drained()).toBe(false);
  expect(openDrainFile(path).save(true, by, wallMs(1)).ok).toBe(true);
  expect(openDrainFile(path).drained()).toBe(true);
  expect(openDrainFile(path).save(false, by, wallMs(2)).ok).toBe(true);
  expect(openDrainFile(path).save(false, by, wallMs(2)).ok).toBe(true);
  expect(openDrainFile(path).drained()).toBe(false);
});

test("a file that is not as it was written still means drained", () => {
  const path = join(testFolder(), "drained.json");
  writeFileSync(path, "");
  expect(openDrainFile(path).drained()).toBe(true);
});

test("where nothing can be written the wish is refused", () => {
  const folder = testFolder();
  rmSync(folder, { recursive: true });
  expect(openDrainFile(join(folder, "drained.json")).save(true, by, wallMs(1))).toMatchObject({
    ok: false,
    fault: { code: "FILE_UNWRITABLE" },
  });
});
