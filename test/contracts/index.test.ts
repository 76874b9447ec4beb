import { join } from "node:path";
import { onTestFinished } from "vitest";
import { openIndex } from "../../core/io/index/index-client.ts";
import type { Index } from "../../core/ports.ts";
import { createMemoryIndexDisk } from "../sim/memory-index.ts";
import { testFolder } from "../support/folders.ts";
import { describeIndex } from "./index.contract.ts";

const openAt = async (path: string): Promise<Index> => {
  const opened = await openIndex(path);
  if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
  onTestFinished(() => opened.value.close());
  return opened.value;
};

describeIndex("an index in a file", () => {
  const path = join(testFolder(), "index");
  return { open: () => openAt(path) };
});

describeIndex("an index in memory", () => {
  const disk = createMemoryIndexDisk();
  return { open: async () => disk.open() };
});
