import { expect, test } from "vitest";
import { OpenFiles } from "../../../core/store/files.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder } from "../../sim/sim-folder.ts";

test("all who want a file removed wait for its last reader, and all of them are done then", async () => {
  const folder = createSimFolder(createRandom(1));
  const files = new OpenFiles(folder.open(async () => undefined));
  await files.create("a", 10);
  const reading = Promise.withResolvers<void>();
  const read = files.using("a", () => reading.promise);
  const removed = [files.remove("a"), files.remove("a"), files.remove("a")];
  await new Promise(setImmediate);
  expect(folder.names).toEqual(["a"]);
  reading.resolve();
  await Promise.all([read, ...removed]);
  expect(folder.names).toEqual([]);
});
