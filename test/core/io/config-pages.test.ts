/** The shipped `config.toml` and `docs/configuration.md` say what the parser does. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { settings, tableNames } from "../../../core/io/config/settings.ts";
import { parseConfig } from "../../../core/io/config-file.ts";
import { configurationPage, shippedConfig } from "../../support/config-pages.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const shipped = () => readFile(join(root, "config.toml"), "utf8");

test("config.toml and docs/configuration.md are as the table of settings says", async () => {
  await expect(shippedConfig()).toMatchFileSnapshot(join(root, "config.toml"));
  await expect(configurationPage()).toMatchFileSnapshot(join(root, "docs", "configuration.md"));
});

test("the shipped file is three local nodes and the defaults, with and without its comments", async () => {
  const toml = await shipped();
  const whole = parseConfig(toml);
  expect(whole.ok && whole.value.servers).toEqual([
    { id: 1, host: "127.0.0.1", port: 8001 },
    { id: 2, host: "127.0.0.1", port: 8002 },
    { id: 3, host: "127.0.0.1", port: 8003 },
  ]);
  const servers = toml.split("\n").filter((line) => line.startsWith("node") || line === "[servers]");
  expect(parseConfig(servers.join("\n"))).toEqual(whole);
});

const commentedKey = /^# ([a-z_]+ = .+)$/;

test("every key stands in the shipped file as a comment, and any of them may be uncommented", async () => {
  const lines = (await shipped()).split("\n");
  const found = lines.flatMap((line) => commentedKey.exec(line)?.[1]?.split(" = ")[0] ?? []);
  expect(found).toEqual(tableNames.flatMap((table) => Object.keys(settings[table])));
  const uncommented = (only: number | null) =>
    lines
      .map((line, index) => (only === null || index === only ? line.replace(commentedKey, "$1") : line))
      .join("\n");
  for (const [index, line] of lines.entries()) {
    if (commentedKey.test(line)) expect(parseConfig(uncommented(index)), line).toMatchObject({ ok: true });
  }
  expect(parseConfig(uncommented(null))).toMatchObject({ ok: true });
});

test("what the page recommends between cities is accepted", () => {
  const profile = /Between cities[^`]*```toml\n([^`]*)```/.exec(configurationPage())?.[1];
  expect(parseConfig(`[servers]\nnode1 = "a:1"\n${profile}`)).toMatchObject({ ok: true });
});
