/** `bin/distinsta.js` under a Node that is too old, without a build, and through a link. */
import { readFile, symlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { smallCheckout } from "./small-checkout.ts";

/** Makes this Node say that it is version 20, for itself only: what it starts is not told. */
const oldNode = [
  "--import",
  'data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})',
];

const run = (...nodeArguments: string[]) =>
  execa(process.execPath, nodeArguments, { reject: false, stdin: "ignore" });

test("without a build the command says how to get one", async () => {
  await using checkout = await smallCheckout();
  const ended = await run(checkout.path("bin", "distinsta.js"));
  expect(ended.stderr).toBe("error: not built\nhint: npm run setup");
  expect(ended.exitCode).toBe(2);
});

test("through a link the command still finds its program", async () => {
  await using checkout = await smallCheckout();
  await checkout.launch();
  await symlink(checkout.path("bin", "distinsta.js"), checkout.path("linked"));
  const ended = await run(checkout.path("linked"), "fail");
  expect(ended.stdout).toBe('["fail"]');
  expect(ended.exitCode).toBe(5);
});

test.runIf(process.platform === "linux")("an older Node goes on under the pinned one", async () => {
  await using checkout = await smallCheckout();
  await checkout.launch();
  const ended = await run(...oldNode, checkout.path("bin", "distinsta.js"), "fail", "x");
  expect(ended.stdout).toBe('["fail","x"]');
  expect(ended.exitCode).toBe(5);
});

test("an older Node with no pinned one beside it is told what is needed", async () => {
  await using checkout = await smallCheckout();
  const ended = await run(...oldNode, checkout.path("bin", "distinsta.js"));
  expect(ended.stderr.split("\n")).toEqual([
    "error: Node 24.15 or newer is needed, this is 20.20.2",
    expect.stringMatching(/^hint: /),
  ]);
  expect(ended.exitCode).toBe(2);
});

test("the program put together is run, unless the compiler has built a newer one since", async () => {
  await using checkout = await smallCheckout();
  await checkout.launch();
  await checkout.write("dist/.tsbuildinfo", "{}");
  await checkout.write("dist/.bundle/main.js", 'console.log("together");');
  const says = async (builtAt: Date): Promise<string> => {
    await utimes(checkout.path("dist", ".tsbuildinfo"), builtAt, builtAt);
    return (await run(checkout.path("bin", "distinsta.js"))).stdout;
  };
  expect(await says(new Date(Date.now() - 60_000))).toBe("together");
  expect(await says(new Date(Date.now() + 60_000))).toBe("[]");
});

test("the Node that is asked for is the one that package.json names", async () => {
  const root = join(import.meta.dirname, "..", "..");
  const { engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const runtime = await readFile(join(root, "tools", "runtime.js"), "utf8");
  const needed = /neededNode = \[(\d+), (\d+)\]/.exec(runtime);
  expect(engines.node).toBe(`>=${needed?.[1]}.${needed?.[2]}`);
});
