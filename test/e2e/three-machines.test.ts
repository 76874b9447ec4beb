/**
 * A cluster on three machines, set up word for word as docs/operations.md tells a person, with a client on a
 * fourth. The machines are network namespaces.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Machine, type Network, openNetwork } from "../support/machines.ts";
import { pictureOfBytes } from "../support/pictures.ts";
import { because, needs } from "../support/skip.ts";
import { type Ended, eventually, type Lab, openLab, type Running } from "./lab.ts";

const reason = needs("root", "linux", "namespaces", "ip", "nft", "age");

describe.skipIf(reason !== null)(`three machines and a client${because(reason)}`, () => {
  let lab: Lab;
  let network: Network | null = null;
  const nodes = new Map<number, Running>();
  const laptop = 4;

  /** Each machine has a working directory of its own; the operator sits at no machine of the cluster. */
  const placeOf = (machine: number | "operator"): string => join(lab.folder, `machine-${machine}`);
  const hostOf = (machine: number): Machine => {
    const host = network?.machines[machine - 1];
    if (host === undefined) throw new Error(`no machine ${machine}`);
    return host;
  };
  const on = (machine: number, ...words: readonly string[]): Promise<Ended> =>
    lab.run(words, { cwd: placeOf(machine), within: hostOf(machine).within });
  const atOperator = (...words: readonly string[]): Promise<Ended> =>
    lab.run(words, { cwd: placeOf("operator") });

  const startNode = (id: number): Running => {
    const words = ["server", String(id), "--headless"];
    const running = lab.start(words, { cwd: placeOf(id), within: hostOf(id).within });
    nodes.set(id, running);
    return running;
  };
  const isListening = (running: Running) =>
    running.until("listening", (event) => event.event === "node.listening");
  const statusOn = async (machine: number) => (await on(machine, "status", "--json")).json()[0] ?? {};
  const allUp = async (): Promise<boolean> => {
    const { nodes: views, leader } = (await statusOn(1)) as { nodes?: { state: string }[]; leader?: number };
    return typeof leader === "number" && views?.every(({ state }) => state === "up") === true;
  };

  let pictures = 0;
  const upload = async (): Promise<Record<string, unknown>> => {
    const picture = await pictureOfBytes("image/jpeg", 300_000, ++pictures);
    const name = `${pictures}-${picture.name}`;
    writeFileSync(join(placeOf(laptop), name), picture.bytes);
    const ended = await on(laptop, "client", "alice", "upload", name, "--json");
    expect(ended.stderr).toBe("");
    const [line] = ended.json();
    expect(line).toMatchObject({ ok: true, bytes: picture.bytes.length });
    const identity = join(placeOf(laptop), ".distinsta/users/alice/identity.txt");
    const opened = execFileSync("age", ["-d", "-i", identity, String(line?.savedAs)]);
    expect(opened.equals(picture.bytes)).toBe(true);
    return line ?? {};
  };

  beforeAll(async () => {
    lab = openLab();
    network = openNetwork(4);
    const toml = [1, 2, 3].map((id) => `node${id} = "${hostOf(id).address}:8001"`).join("\n");
    for (const machine of [1, 2, 3, laptop, "operator"] as const) {
      mkdirSync(placeOf(machine));
      writeFileSync(join(placeOf(machine), "config.toml"), `[servers]\n${toml}\n`);
    }
    const init = await atOperator("init");
    expect(init.stderr).toBe("");
    for (const id of [1, 2, 3]) {
      const folder = `.distinsta/certificates/node${id}`;
      mkdirSync(join(placeOf(id), ".distinsta/certificates"), { recursive: true, mode: 0o700 });
      cpSync(join(placeOf("operator"), folder), join(placeOf(id), folder), { recursive: true });
    }
    await Promise.all([1, 2, 3].map((id) => isListening(startNode(id))));
    await eventually(allUp);
  });

  afterAll(async () => {
    await lab.close();
    network?.close();
  });

  test("a user makes her keys on her machine, is let in by the operator, and uploads from there", async () => {
    const before = await on(laptop, "client", "alice", "list");
    expect(before.code).toBe(2);
    expect(before.stderr).toContain("hint: run: distinsta user request alice\n");
    expect((await on(laptop, "user", "request", "alice")).code).toBe(0);
    const request = ".distinsta/users/alice/request.pem";
    cpSync(join(placeOf(laptop), request), join(placeOf("operator"), "request.pem"));
    expect((await atOperator("user", "add", "alice", "--request", "request.pem")).code).toBe(0);
    const bundle = "alice-certificate.pem";
    cpSync(join(placeOf("operator"), bundle), join(placeOf(laptop), bundle));
    expect((await on(laptop, "user", "install", "alice", bundle)).code).toBe(0);

    const { id, copies } = await upload();
    expect(copies).toBeGreaterThanOrEqual(2);
    const listed = (await on(laptop, "client", "alice", "list", "--json")).json();
    expect(listed).toMatchObject([{ id, owner: "alice" }]);
    const got = await on(laptop, "client", "alice", "get", String(id), "-o", "back.jpg");
    expect(got.code).toBe(0);
    expect(
      readFileSync(join(placeOf(laptop), "back.jpg")).equals(
        readFileSync(join(placeOf(laptop), String(listed[0]?.name))),
      ),
    ).toBe(true);
  });

  test("no secret is where it does not belong", () => {
    for (const id of [1, 2, 3]) {
      const kept = readdirSync(join(placeOf(id), ".distinsta"), { recursive: true, encoding: "utf8" });
      expect(kept.filter((name) => /identity|ca-key|users/.test(name))).toEqual([]);
      expect(kept.filter((name) => name.endsWith("key.pem"))).toEqual([`certificates/node${id}/key.pem`]);
    }
    expect(existsSync(join(placeOf("operator"), ".distinsta/users/alice/identity.txt"))).toBe(false);
  });

  test("doctor finds nothing, seen from the client's machine and from a node's", async () => {
    for (const machine of [laptop, 2]) {
      const ended = await on(machine, "doctor", "--json");
      expect(ended.json().filter(({ ok }) => ok !== true)).toEqual([]);
      expect(ended.code).toBe(0);
    }
    const seen = (await on(2, "doctor")).stdout;
    expect(seen).toMatch(/^✓ addresses .*; node 2 on this machine$/m);
  });

  test("the leader's machine dies, uploads go on, it comes back and has everything", async () => {
    const leader = Number((await statusOn(laptop)).leader);
    const witness = leader === 1 ? 2 : 1;
    nodes.get(leader)?.child.kill("SIGKILL");
    const during = await upload();
    expect(during.node).not.toBe(leader);
    hostOf(leader).plug("down");
    await upload();
    await eventually(async () => {
      const { leader: next } = (await on(witness, "status", "--json")).json()[0] ?? {};
      return typeof next === "number" && next !== leader;
    });
    hostOf(leader).plug("up");
    await isListening(startNode(leader));
    await eventually(async () => {
      const views = (await statusOn(laptop)).nodes as { state: string; images: number }[] | undefined;
      return views?.every(({ state, images }) => state === "up" && images === 3) === true;
    });
  });

  test("the leader's cable is pulled while it runs: the others elect, it rejoins when the cable is back", async () => {
    await eventually(allUp);
    const leader = Number((await statusOn(laptop)).leader);
    hostOf(leader).plug("down");
    const { node } = await upload();
    expect(node).not.toBe(leader);
    hostOf(leader).plug("up");
    await eventually(allUp);
    expect(nodes.get(leader)?.child.exitCode).toBeNull();
  });

  const walls: readonly (readonly [string, string, RegExp])[] = [
    ["drops what comes for the node", "tcp dport 8001 drop", /no answer within 4\.0 s\): a firewall keeps/],
    [
      "drops what this client sends",
      "ip saddr 10.77.0.4 tcp dport 8001 drop",
      /no answer within 4\.0 s\): other nodes hear it/,
    ],
    [
      "rejects this client, as firewalld does",
      "ip saddr 10.77.0.4 tcp dport 8001 reject with icmpx type admin-prohibited",
      /no route to that machine, or a firewall rejects\): other nodes hear it/,
    ],
  ];
  test.each(walls)("doctor names a firewall that %s, and what to type", async (_, rule, message) => {
    await eventually(allUp);
    hostOf(2).closeTo(rule);
    if (!rule.includes("saddr")) await eventually(async () => !(await allUp()));
    const ended = await on(laptop, "doctor", "--json");
    expect(ended.code).toBe(1);
    const [wall, ...others] = ended.json().filter(({ check, ok }) => check === "firewall" && ok === false);
    expect(others).toEqual([]);
    expect(wall?.message).toContain("node 2 cannot be reached at 10.77.0.2:8001");
    expect(wall?.message).toMatch(message);
    expect(wall?.hint).toContain("on the machine of node 2: sudo ufw allow 8001/tcp");
    await upload();
    hostOf(2).open();
    await eventually(allUp);
  });
});
