/** Starting and stopping: nothing is left behind, and whatever is in the way is named. */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually, freePorts, isRunning, type Lab, openLab } from "./lab.ts";

let lab: Lab;
beforeEach(() => {
  lab = openLab();
});
afterEach(() => lab.close());

describe("launch-local --headless", () => {
  test("says ready first, with leader, term and every node's process", async () => {
    const cluster = await lab.launch();
    expect(cluster.events[0]).toMatchObject({ event: "ready", leader: cluster.leader, term: cluster.term });
    expect([1, 2, 3]).toContain(cluster.leader);
    expect(cluster.nodes.map((node) => node.address)).toEqual(
      [0, 1, 2].map((index) => `127.0.0.1:${cluster.basePort + index}`),
    );
    for (const node of cluster.nodes) expect(isRunning(node.pid)).toBe(true);
  });

  test.each([1, 2, 4, 5])("agrees on a leader of %i nodes, in the end the highest", async (nodes) => {
    const cluster = await lab.launch(["--nodes", String(nodes)]);
    expect(cluster.nodes).toHaveLength(nodes);
    await eventually(async () => (await lab.run(["status", "--json"])).json()[0]?.leader === nodes);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("stops every node and exits 0 at %s", async (signal) => {
    const cluster = await lab.launch();
    cluster.child.kill(signal);
    expect((await cluster.ended).code).toBe(0);
    for (const node of cluster.nodes) expect(isRunning(node.pid)).toBe(false);
    const stopped = cluster.events.filter((event) => event.event === "node.stopped");
    expect(stopped.map((event) => event.node).sort()).toEqual([1, 2, 3]);
  });

  test("leaves no orphan when it is killed itself", async () => {
    const cluster = await lab.launch();
    cluster.child.kill("SIGKILL");
    await cluster.ended;
    await eventually(() => cluster.nodes.every((node) => !isRunning(node.pid)));
  });

  test("names the program that holds a port, and leaves no configuration behind", async () => {
    const base = await freePorts(3);
    const holder = await listenOn(base + 1);
    const ended = await lab.run(["launch-local", "--headless", "--base-port", String(base)]);
    holder.close();
    const [first] = ended.json();
    expect(first).toMatchObject({ event: "failed", code: "ADDRESS_IN_USE" });
    expect(first?.message).toContain(`127.0.0.1:${base + 1}`);
    expect(first?.message).toContain(String(process.pid));
    expect(ended.stderr).toMatch(/^error: .*\nhint: .*--base-port/);
    expect(ended.code).toBe(1);
    expect(existsSync(join(lab.folder, ".distinsta"))).toBe(false);
  });

  test("refuses a data folder of a cluster of another size, and changes nothing", async () => {
    const cluster = await lab.launch();
    cluster.child.kill("SIGTERM");
    await cluster.ended;
    const before = readFileSync(join(lab.folder, ".distinsta/config.toml"), "utf8");
    const ended = await lab.run(["launch-local", "--headless", "--nodes", "5"]);
    expect(ended.code).toBe(2);
    expect(ended.json()).toMatchObject([{ event: "failed", code: "USAGE" }]);
    expect(ended.stderr).toContain("--nodes 3");
    expect(readFileSync(join(lab.folder, ".distinsta/config.toml"), "utf8")).toBe(before);
  });

  test("starts again on the same data, in a higher term, with the images still there", async () => {
    const first = await lab.launch();
    const picture = join(import.meta.dirname, "../support/tiny.png");
    expect((await lab.run(["client", "alice", "upload", picture, "--json"])).code).toBe(0);
    first.child.kill("SIGTERM");
    await first.ended;
    const second = await lab.launch();
    expect(second.term).toBeGreaterThan(first.term);
    const listed = (await lab.run(["client", "alice", "list", "--json"])).json();
    expect(listed).toMatchObject([{ name: "tiny.png" }]);
    expect((await lab.run(["client", "alice", "get", String(listed[0]?.id), "-o", "back.png"])).code).toBe(0);
    expect(readFileSync(join(lab.folder, "back.png")).equals(readFileSync(picture))).toBe(true);
  });
});

describe("server ID", () => {
  test("logs JSON lines with the familiar sentence, and stops in good order", async () => {
    const base = await freePorts(1);
    writeFileSync(join(lab.folder, "config.toml"), `[servers]\nnode1 = "127.0.0.1:${base}"\n`);
    const server = lab.start(["server", "1", "--headless"]);
    const elected = await server.until("a leader", (event) => event.event === "leader.elected");
    expect(elected).toMatchObject({
      node: 1,
      level: "info",
      message: "Node 1: I am the new leader (term 1)",
    });
    server.child.kill("SIGTERM");
    const ended = await server.ended;
    expect(ended.code).toBe(0);
    expect(ended.json().at(-1)).toMatchObject({ event: "node.stopped" });
  });

  test("refuses a data folder that another process uses", async () => {
    const cluster = await lab.launch(["--nodes", "1"]);
    const ended = await lab.run(["server", "1", "--headless"]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain(String(cluster.nodes[0]?.pid));
  });

  test("says which nodes there are when there is no such node", async () => {
    writeFileSync(join(lab.folder, "config.toml"), '[servers]\nnode1 = "127.0.0.1:8001"\n');
    const ended = await lab.run(["server", "7", "--headless"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toBe("error: config.toml names no node 7\nhint: it names node 1\n");
  });
});

describe("without a cluster", () => {
  test("a complaint about addresses says which configuration they are from", async () => {
    const cluster = await lab.launch(["--nodes", "1"]);
    cluster.child.kill("SIGTERM");
    await cluster.ended;
    writeFileSync(join(lab.folder, "config.toml"), '[servers]\nnode1 = "127.0.0.1:1"\n');
    const ended = await lab.run(["status"]);
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain(`127.0.0.1:${cluster.basePort}`);
    expect(ended.stderr).toMatch(/hint: .*; the addresses are from \.distinsta\/config\.toml\n$/);
  });

  test("a client says which servers it tried, and exits 3", async () => {
    const base = await freePorts(3);
    const servers = [1, 2, 3].map((id) => `node${id} = "127.0.0.1:${base + id - 1}"`);
    writeFileSync(join(lab.folder, "config.toml"), ["[servers]", ...servers, ""].join("\n"));
    const picture = join(import.meta.dirname, "../support/tiny.png");
    for (const words of [
      ["client", "alice", "upload", picture, "--json"],
      ["client", "alice", "list", "--json"],
      ["status", "--json"],
    ]) {
      const ended = await lab.run(words);
      expect(ended.code, words.join(" ")).toBe(3);
      expect(ended.json()[0]).toMatchObject({ ok: false, code: "NO_SERVER" });
      expect(ended.stderr).toContain(`127.0.0.1:${base} refused the connection`);
    }
    expect(existsSync(join(lab.folder, "images"))).toBe(false);
  });

  test("a configuration on other machines needs credentials that somebody made, and says which command", async () => {
    const servers = [1, 2, 3].map((id) => `node${id} = "10.77.0.${id}:8001"`);
    writeFileSync(join(lab.folder, "config.toml"), ["[servers]", ...servers, ""].join("\n"));
    const client = await lab.run(["client", "alice", "list"]);
    expect(client.code).toBe(2);
    expect(client.stderr).toContain("hint: run: distinsta user request alice");
    const server = await lab.run(["server", "1", "--headless"]);
    expect(server.code).toBe(2);
    expect(server.stderr).toContain("distinsta init");
  });

  test("init, request, add and install make them, and no secret leaves its machine", async () => {
    const servers = [1, 2, 3].map((id) => `node${id} = "10.77.0.${id}:8001"`);
    writeFileSync(join(lab.folder, "config.toml"), ["[servers]", ...servers, ""].join("\n"));
    const init = await lab.run(["init", "--data", "operator"]);
    expect(init.code).toBe(0);
    for (const id of [1, 2, 3]) expect(init.stdout).toContain(`operator/certificates/node${id}`);
    expect((await lab.run(["user", "request", "bob", "--data", "bobs"])).code).toBe(0);
    const request = readFileSync(join(lab.folder, "bobs/users/bob/request.pem"), "utf8");
    expect(request).not.toContain("PRIVATE");
    const add = await lab.run([
      "user",
      "add",
      "bob",
      "--data",
      "operator",
      "--request",
      "bobs/users/bob/request.pem",
    ]);
    expect(add.stderr).toBe("");
    expect(add.code).toBe(0);
    expect((await lab.run(["user", "install", "bob", "bob-certificate.pem", "--data", "bobs"])).code).toBe(0);
    const list = await lab.run(["user", "list", "--data", "operator"]);
    expect(list.stdout).toMatch(/^bob +\d{4}-\d\d-\d\d +age1/);
    expect((await lab.run(["user", "add", "bob", "--data", "operator"])).code).toBe(2);
    expect((await lab.run(["user", "add", "Bob!", "--data", "operator"])).stderr).toContain(
      "'Bob!' is not a user name",
    );
  });
});

const listenOn = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
