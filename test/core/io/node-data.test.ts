import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type NodeData, nodeFolderOf, openNodeData } from "../../../core/io/node-data.ts";
import { FaultError, type Result } from "../../../core/model/faults.ts";
import { clusterId, nodeId } from "../../../core/model/ids.ts";
import { testFolder } from "../../support/folders.ts";

const cluster = clusterId("ab".repeat(16));
const n1 = nodeId(1);

const must = (opened: Result<NodeData>): NodeData => {
  if (!opened.ok) throw new FaultError(opened.fault);
  return opened.value;
};
const lockOf = (data: string): string => join(nodeFolderOf(data, n1), "lock");
const identityOf = (data: string): string => join(nodeFolderOf(data, n1), "store.json");

test("a folder is born with a store id of its own, keeps it, and is for its owner's eyes", () => {
  const data = testFolder();
  const first = must(openNodeData(data, n1, cluster));
  expect(readFileSync(lockOf(data), "utf8")).toBe(`${process.pid}\n`);
  first.release();
  expect(existsSync(lockOf(data))).toBe(false);
  const second = must(openNodeData(data, n1, cluster));
  expect(second.store).toBe(first.store);
  expect(must(openNodeData(data, nodeId(2), cluster)).store).not.toBe(first.store);
  if (process.platform !== "win32") expect(statSync(second.folder).mode & 0o077).toBe(0);
});

test("a folder that a living process uses is refused, and the process is named", () => {
  const data = testFolder();
  must(openNodeData(data, n1, cluster)).release();
  const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  onTestFinished(() => {
    other.kill();
  });
  writeFileSync(lockOf(data), `${other.pid}\n`);
  expect(openNodeData(data, n1, cluster)).toMatchObject({
    ok: false,
    fault: { code: "DATA_IN_USE", holder: `process ${other.pid}` },
  });
  expect(readFileSync(lockOf(data), "utf8")).toBe(`${other.pid}\n`);
});

test.each([
  ["whose process is gone", () => String(spawnSync(process.execPath, ["-e", "0"]).pid)],
  ["that a crash left empty", () => ""],
  ["of our own number, from before a container's restart", () => String(process.pid)],
])("a lock %s is taken over", (_, content) => {
  const data = testFolder();
  must(openNodeData(data, n1, cluster)).release();
  writeFileSync(lockOf(data), content());
  must(openNodeData(data, n1, cluster)).release();
});

test.each([
  ["another node", JSON.stringify({ store: "0".repeat(32), node: 2, cluster }), "node 2"],
  [
    "another cluster",
    JSON.stringify({ store: "0".repeat(32), node: 1, cluster: "cd".repeat(16) }),
    "cluster",
  ],
  ["a damaged identity", "{ not json", "damaged"],
  ["an identity with a hole", JSON.stringify({ store: "0".repeat(31), node: 1, cluster }), "damaged"],
  [
    "an identity with more in it",
    JSON.stringify({ store: "0".repeat(32), node: 1, cluster, x: 1 }),
    "damaged",
  ],
])("a folder of %s is refused untouched and unlocked", (_, text, reason) => {
  const data = testFolder();
  mkdirSync(nodeFolderOf(data, n1), { recursive: true });
  writeFileSync(identityOf(data), text);
  const opened = openNodeData(data, n1, cluster);
  expect(opened).toMatchObject({ ok: false, fault: { code: "DATA_FOREIGN" } });
  expect(opened.ok ? "" : JSON.stringify(opened.fault)).toContain(reason);
  expect(readFileSync(identityOf(data), "utf8")).toBe(text);
  expect(existsSync(lockOf(data))).toBe(false);
});
