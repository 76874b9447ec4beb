import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { nodeId } from "../../core/model/ids.ts";
import { startChild } from "../../src/launch/child.ts";
import { testFolder } from "../support/folders.ts";

const start = (config: string) => {
  const folder = testFolder();
  const configPath = join(folder, "config.toml");
  writeFileSync(configPath, config);
  return startChild({
    id: nodeId(1),
    data: join(folder, ".distinsta"),
    configPath,
    acceptLoss: false,
    onReport: () => undefined,
  });
};

test("a node that is told to stop before it listens for signals has stopped in good order", async () => {
  const child = start('[servers]\nnode1 = "127.0.0.1:8001"\n');
  await child.stop();
  expect(await child.exited).toBeNull();
});

test("a node that ends by itself says why", async () => {
  const child = start("[servers]\n");
  expect(await child.exited).toMatchObject({
    code: "NODE_EXITED",
    reason: expect.stringContaining("exit code 2"),
  });
});
