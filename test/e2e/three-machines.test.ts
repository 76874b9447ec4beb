/**
 * A cluster on three machines, set up word for word as docs/operations.md tells a person, with a client on a
 * fourth. The machines are network namespaces.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { because, needs } from "../support/skip.ts";
import { eventually } from "./lab.ts";
import { laptop, listening, Site } from "./site.ts";

const reason = needs("root", "linux", "namespaces", "ip", "nft", "age");

describe.skipIf(reason !== null)(`three machines and a client${because(reason)}`, () => {
  let site: Site;
  beforeAll(async () => {
    site = new Site();
    await site.found();
    await site.startAll();
  });
  afterAll(() => site.close());

  test("a user makes her keys on her machine, is let in by the operator, and uploads from there", async () => {
    const before = await site.on(laptop, "client", "alice", "list");
    expect(before.code).toBe(2);
    expect(before.stderr).toContain("hint: run: distinsta user request alice\n");
    await site.letIn("alice");

    const { id, copies, savedAs, file } = await site.upload();
    expect(copies).toBeGreaterThanOrEqual(2);
    const plain = readFileSync(join(site.place(laptop), String(file)));
    const identity = join(site.place(laptop), ".distinsta/users/alice/identity.txt");
    expect(execFileSync("age", ["-d", "-i", identity, String(savedAs)]).equals(plain)).toBe(true);

    const listed = (await site.on(laptop, "client", "alice", "list", "--json")).json();
    expect(listed).toMatchObject([{ id, owner: "alice" }]);
    const got = await site.on(laptop, "client", "alice", "get", String(id), "-o", "back.jpg");
    expect(got.code).toBe(0);
    expect(readFileSync(join(site.place(laptop), "back.jpg")).equals(plain)).toBe(true);
  });

  test("no secret is where it does not belong", () => {
    for (const id of [1, 2, 3]) {
      const kept = readdirSync(join(site.place(id), ".distinsta"), { recursive: true, encoding: "utf8" });
      expect(kept.filter((name) => /identity|ca-key|^users/.test(name))).toEqual([]);
      // Of people there are certificates, which is what others need to share with them.
      for (const name of kept.filter((each) => /users\/.*/.test(each)))
        expect(readFileSync(join(site.place(id), ".distinsta", name), "utf8")).not.toContain("PRIVATE");
      expect(kept.filter((name) => name.endsWith("key.pem"))).toEqual([`certificates/node${id}/key.pem`]);
    }
    expect(existsSync(join(site.place("operator"), ".distinsta/users/alice/identity.txt"))).toBe(false);
  });

  test("doctor finds nothing, seen from the client's machine and from a node's", async () => {
    for (const machine of [laptop, 2]) {
      const ended = await site.on(machine, "doctor", "--json");
      expect(ended.json().filter(({ ok }) => ok !== true)).toEqual([]);
      expect(ended.code).toBe(0);
    }
    const seen = (await site.on(2, "doctor")).stdout;
    expect(seen).toMatch(/^✓ addresses .*; node 2 on this machine$/m);
  });

  test("the leader's machine dies, uploads go on, it comes back and has everything", async () => {
    const leader = Number((await site.status(laptop)).leader);
    const witness = leader === 1 ? 2 : 1;
    site.node(leader).child.kill("SIGKILL");
    expect((await site.upload()).node).not.toBe(leader);
    site.host(leader).plug("down");
    await site.upload();
    await eventually(async () => {
      const { leader: next } = await site.status(witness);
      return typeof next === "number" && next !== leader;
    });
    site.host(leader).plug("up");
    await listening(site.startNode(leader));
    await eventually(async () => {
      const views = (await site.status(laptop)).nodes as { state: string; images: number }[] | undefined;
      return views?.every(({ state, images }) => state === "up" && images === 3) === true;
    });
  });

  test("the leader's cable is pulled while it runs: the others elect, and it rejoins", async () => {
    await site.whole();
    const leader = Number((await site.status(laptop)).leader);
    site.host(leader).plug("down");
    expect((await site.upload()).node).not.toBe(leader);
    site.host(leader).plug("up");
    await site.whole();
    expect(site.node(leader).child.exitCode).toBeNull();
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
    await site.whole();
    site.host(2).closeTo(rule);
    if (!rule.includes("saddr")) await eventually(async () => !(await site.allUp()));
    const ended = await site.on(laptop, "doctor", "--json");
    expect(ended.code).toBe(1);
    const [wall, ...others] = ended.json().filter(({ check, ok }) => check === "firewall" && ok === false);
    expect(others).toEqual([]);
    expect(wall?.message).toContain("node 2 cannot be reached at 10.77.0.2:8001");
    expect(wall?.message).toMatch(message);
    expect(wall?.hint).toContain("on the machine of node 2: sudo ufw allow 8001/tcp");
    await site.upload();
    site.host(2).open();
    await site.whole();
  });
});
