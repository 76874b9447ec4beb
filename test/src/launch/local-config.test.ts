import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../../core/io/config-file.ts";
import { writeLocalConfig } from "../../../src/launch/local-config.ts";
import { freePorts } from "../../e2e/lab.ts";
import { testFolder } from "../../support/folders.ts";

const free = await freePorts(5);

const given = (data: string, changes = {}) => {
  const config = join(data, "given.toml");
  writeFileSync(config, '[servers]\nnode1 = "10.0.0.9:9"\n[limits]\nimage_bytes_max = 1_234_567\n');
  return { data, color: false, config, basePort: String(free), ...changes };
};

test("a local cluster is N nodes on this machine, written where every command with this folder looks", async () => {
  const data = testFolder();
  const { config, configPath } = await writeLocalConfig(given(data, { nodes: "5" }));
  expect(config.servers.map(({ host, port }) => `${host}:${port}`)).toEqual(
    [0, 1, 2, 3, 4].map((n) => `127.0.0.1:${free + n}`),
  );
  expect(configPath).toBe(join(data, "config.toml"));
  expect(await loadConfig(configPath)).toEqual({ ok: true, value: config });
});

test("all but the servers is taken over from the configuration that was given", async () => {
  const { config } = await writeLocalConfig(given(testFolder()));
  expect(config.limits.imageBytesMax).toBe(1_234_567);
  expect(config.servers).toHaveLength(3);
});

test("no more copies are wanted than there are nodes", async () => {
  const { config } = await writeLocalConfig(given(testFolder(), { nodes: "1" }));
  expect(config.replication).toBe(1);
});

test("a folder that holds another size of cluster is refused untouched; the same size goes on", async () => {
  const data = testFolder();
  const { configPath } = await writeLocalConfig(given(data, { nodes: "3" }));
  const before = readFileSync(configPath, "utf8");
  mkdirSync(join(data, "nodes", "1"), { recursive: true });
  await expect(writeLocalConfig(given(data, { nodes: "5" }))).rejects.toMatchObject({
    fault: { code: "USAGE", hint: expect.stringContaining("--nodes 3") },
  });
  expect(readFileSync(configPath, "utf8")).toBe(before);
  await writeLocalConfig(given(data, { nodes: "3" }));
});

test("a port that is taken is named with its holder, and nothing is written", async () => {
  const holder = createServer();
  const data = testFolder();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  const { port } = holder.address() as AddressInfo;
  const wish = { nodes: "2", basePort: String(port - 1) };
  await expect(writeLocalConfig(given(data, wish))).rejects.toMatchObject({
    fault: { code: "ADDRESS_IN_USE", address: `127.0.0.1:${port}` },
  });
  expect(readdirSync(data)).toEqual(["given.toml"]);
  holder.close();
});

test.each([{ nodes: "0" }, { nodes: "10" }, { nodes: "three" }, { basePort: "0" }, { basePort: "65534" }])(
  "%j is refused",
  async (changes) => {
    await expect(writeLocalConfig(given(testFolder(), changes))).rejects.toMatchObject({
      fault: { code: "USAGE" },
    });
  },
);
