/** The launcher: what it installs and builds, when it does not, and what it passes on. */

import { once } from "node:events";
import { existsSync } from "node:fs";
import { readlink } from "node:fs/promises";
import { execa } from "execa";
import { expect, test } from "vitest";
import { smallCheckout } from "./small-checkout.ts";

test("a fresh clone is installed and built, and the target gets its arguments", async () => {
  await using checkout = await smallCheckout();
  const first = await checkout.launch("bin/distinsta.js", "list", "a b");
  expect(first.stdout).toBe('["list","a b"]');
  expect(first.exitCode).toBe(0);
  expect(await checkout.counts()).toEqual({ installs: 1, builds: 1 });
  expect(await readlink(checkout.path("node_modules", ".bin", "distinsta"))).toBe("../../bin/distinsta.js");
});

test("nothing is installed or built when nothing changed", async () => {
  await using checkout = await smallCheckout();
  await checkout.launch();
  const second = await checkout.launch("bin/distinsta.js");
  expect(second.stdout).toBe("[]");
  expect(second.stderr).toBe("");
  expect(await checkout.counts()).toEqual({ installs: 1, builds: 1 });
});

test("another lockfile is installed and built anew", async () => {
  await using checkout = await smallCheckout();
  await checkout.launch();
  await checkout.write("package-lock.json", '{ "changed": true }');
  await checkout.launch();
  expect(await checkout.counts()).toEqual({ installs: 2, builds: 2 });
});

test("a source that was added is built, and what a source left behind is cleared with it", async () => {
  await using checkout = await smallCheckout();
  await checkout.write("src/old.ts", "");
  await checkout.launch();
  expect(existsSync(checkout.path("dist", "src", "old.js"))).toBe(true);
  await execa("rm", [checkout.path("src", "old.ts")]);
  await checkout.write("src/new.ts", "");
  await checkout.launch();
  expect(existsSync(checkout.path("dist", "src", "old.js"))).toBe(false);
  expect(existsSync(checkout.path("dist", "src", "new.js"))).toBe(true);
  expect(await checkout.counts()).toEqual({ installs: 1, builds: 2 });
});

test("a compile error stops with the compiler's exit code, each time until it is mended", async () => {
  await using checkout = await smallCheckout();
  await checkout.write("src/wrong.ts", "// TYPE ERROR");
  for (const attempt of [1, 2]) {
    const failed = await checkout.launch("bin/distinsta.js");
    expect(failed.exitCode, `attempt ${attempt}`).toBe(3);
    expect(failed.stdout).toBe("");
    expect(failed.stderr).toContain("wrong.ts is wrong");
  }
  await checkout.write("src/wrong.ts", "");
  expect((await checkout.launch("bin/distinsta.js")).exitCode).toBe(0);
});

test("two launchers at once install and build once, and both run their target", async () => {
  await using checkout = await smallCheckout();
  const both = await Promise.all([
    checkout.launch("bin/distinsta.js", "one"),
    checkout.launch("bin/distinsta.js", "two"),
  ]);
  expect(both.map((each) => each.stdout)).toEqual(['["one"]', '["two"]']);
  expect(await checkout.counts()).toEqual({ installs: 1, builds: 1 });
  expect(existsSync(checkout.path(".setup.lock"))).toBe(false);
});

test("the lock of a launcher that died holds nobody up", async () => {
  await using checkout = await smallCheckout();
  const dead = execa(process.execPath, ["--version"]);
  await dead;
  await checkout.write(".setup.lock/pid", String(dead.pid));
  expect((await checkout.launch("bin/distinsta.js")).exitCode).toBe(0);
  expect(existsSync(checkout.path(".setup.lock"))).toBe(false);
});

test("the target's exit code is passed on, 128 + n when a signal ended it", async () => {
  await using checkout = await smallCheckout();
  expect((await checkout.launch("bin/distinsta.js", "fail")).exitCode).toBe(5);
  expect((await checkout.launch("bin/distinsta.js", "die")).exitCode).toBe(128 + 9);
});

test.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s reaches the target without a terminal",
  async (signal) => {
    await using checkout = await smallCheckout();
    await checkout.launch();
    const running = checkout.launch("bin/distinsta.js", "wait");
    await saysWaiting(running.stdout);
    running.kill(signal);
    const ended = await running;
    expect(ended.stdout).toContain(`got ${signal}`);
    expect(ended.exitCode).toBe(7);
  },
);

const saysWaiting = async (output: NodeJS.ReadableStream): Promise<void> => {
  let seen = "";
  while (!seen.includes("waiting")) seen += String((await once(output, "data"))[0]);
};
