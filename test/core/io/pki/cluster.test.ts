import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { initCluster } from "../../../../core/io/pki/cluster.ts";
import { loadCredentials } from "../../../../core/io/pki/credentials.ts";
import { nodeCredentials } from "../../../../core/io/pki/places.ts";
import { nodeId } from "../../../../core/model/ids.ts";
import { codeOf, copyOf, dataFolder, later, must, noon, serversAt, threeRemote } from "./fixtures.ts";

test("founding a cluster tells what was made and what goes to which machine", async () => {
  const data = dataFolder();
  const founded = must(await initCluster(data, threeRemote, noon));
  expect(founded).toMatchObject({ authority: "made", authorityFolder: join(data, "pki") });
  expect(founded.certificates.map(({ holder, state }) => [holder, state])).toEqual([
    [{ role: "node", id: 1 }, "made"],
    [{ role: "node", id: 2 }, "made"],
    [{ role: "node", id: 3 }, "made"],
    [{ role: "operator", name: "operator" }, "made"],
  ]);
  expect(founded.copies[1]).toEqual({
    node: 2,
    address: "10.0.0.2:8002",
    folder: join(data, "certificates", "node2"),
  });
  const second = must(loadCredentials(nodeCredentials(data, nodeId(2)), noon));
  expect(second.peer.cluster).toBe(founded.cluster);
});

test("founding again is refused and changes nothing", async () => {
  const data = dataFolder();
  must(await initCluster(data, threeRemote, noon));
  const before = readFileSync(join(data, "pki", "ca.pem"), "utf8");
  const again = await initCluster(data, threeRemote, noon);
  expect(again).toMatchObject({
    fault: { code: "USAGE", message: expect.stringContaining(join(data, "pki")) },
  });
  expect(readFileSync(join(data, "pki", "ca.pem"), "utf8")).toBe(before);
});

test("a fourth node in the configuration gets its certificate, the others keep theirs", async () => {
  const data = dataFolder();
  const { cluster } = must(await initCluster(data, threeRemote, noon));
  const grown = serversAt("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4");
  const founded = must(await initCluster(data, grown, noon));
  expect(founded).toMatchObject({ cluster, authority: "kept" });
  expect(founded.certificates.map(({ state }) => state)).toEqual(["kept", "kept", "kept", "made", "kept"]);
});

test("founding again shortly before the end renews the certificates", async () => {
  const data = dataFolder();
  must(await initCluster(data, threeRemote, noon));
  const founded = must(await initCluster(data, threeRemote, later(700)));
  expect(founded.certificates.map(({ state }) => state)).toEqual(Array(4).fill("renewed"));
});

test("once the CA itself has run out, it says so", async () => {
  const data = dataFolder();
  must(await initCluster(data, threeRemote, noon));
  expect(await initCluster(data, threeRemote, later(3_700))).toMatchObject({
    fault: { code: "CREDENTIALS_EXPIRED", who: "the cluster's CA" },
  });
});

test("a machine that has a node's certificate but not the CA does not found a second cluster", async () => {
  const data = dataFolder();
  must(await initCluster(data, threeRemote, noon));
  const machine = copyOf(data);
  rmSync(join(machine, "pki"), { recursive: true });
  rmSync(join(machine, "certificates", "node1"), { recursive: true });
  expect(codeOf(await initCluster(machine, threeRemote, noon))).toBe("CREDENTIALS_INVALID");
  expect(existsSync(join(machine, "pki"))).toBe(false);
});

test("a node's folder that lost its key is refused by name, and can be made anew", async () => {
  const data = dataFolder();
  must(await initCluster(data, threeRemote, noon));
  const { folder, key } = nodeCredentials(data, nodeId(2));
  rmSync(key);
  expect(await initCluster(data, threeRemote, noon)).toMatchObject({
    fault: { code: "CREDENTIALS_INVALID", path: key, reason: expect.stringContaining(`remove ${folder}`) },
  });
  rmSync(folder, { recursive: true });
  expect(must(await initCluster(data, threeRemote, noon)).certificates[1]?.state).toBe("made");
});

test("of two that found at once, both end with the same cluster", async () => {
  const data = dataFolder();
  const results = await Promise.all([
    initCluster(data, threeRemote, noon),
    initCluster(data, threeRemote, noon),
  ]);
  const clusters = results.flatMap((result) => (result.ok ? [result.value.cluster] : []));
  expect(clusters.length).toBeGreaterThanOrEqual(1);
  const { cluster } = must(loadCredentials(nodeCredentials(data, nodeId(3)), noon)).peer;
  expect(new Set([...clusters, cluster]).size).toBe(1);
});
