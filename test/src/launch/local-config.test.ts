import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../../core/io/config-file.ts";
import { writeLocalConfig } from "../../../src/launch/local-config.ts";
import { testFolder } from "../../support/folders.ts";

const given = (data: string, changes = {}) => {
  const config = join(data, "given.toml");
  writeFileSync(config, '[servers]\nnode1 = "10.0.0.9:9"\n[limits]\nimage_bytes_max = 1_234_567\n');
  return { data, color: false, config, ...changes };
};

test("a local cluster is N nodes on this machine, written where every command with this folder looks", async () => {
  const data = testFolder();
  const { config, configPath } = await writeLocalConfig(given(data, { nodes: "5", basePort: "9101" }));
  expect(config.servers.map(({ host, port }) => `${host}:${port}`)).toEqual(
    [0, 1, 2, 3, 4].map((n) => `127.0.0.1:${9101 + n}`),
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
  await writeLocalConfig(given(data, { nodes: "3", basePort: "9201" }));
});

test.each([{ nodes: "0" }, { nodes: "10" }, { nodes: "three" }, { basePort: "0" }, { basePort: "65534" }])(
  "%j is refused",
  async (changes) => {
    await expect(writeLocalConfig(given(testFolder(), changes))).rejects.toMatchObject({
      fault: { code: "USAGE" },
    });
  },
);
