/**
 * Revoking, with real processes: whoever is in is shown out and told why, whoever was away learns it, nobody seals to a
 * revoked certificate, and a new one is good.
 */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { pictureOfBytes } from "../support/pictures.ts";
import { endPrograms, spawnOnPty } from "../support/pty.ts";
import { because, needs } from "../support/skip.ts";
import { type Ended, eventually, type Lab, type LaunchedCluster, openLab, program } from "./lab.ts";
import { laptop, listening, Site } from "./site.ts";

/** How a command says that the certificate of `name` is revoked. */
const saysRevoked = ({ code, stderr }: Ended, name: string): void => {
  expect(stderr).toMatch(
    new RegExp(`error: the certificate of ${name} was revoked on \\d{4}-\\d\\d-\\d\\d\n`),
  );
  expect(code).toBe(5);
};

describe("on one machine", () => {
  let lab: Lab;
  let cluster: LaunchedCluster;
  beforeAll(async () => {
    lab = openLab();
    cluster = await lab.launch();
    writeFileSync(join(lab.folder, "small.png"), (await pictureOfBytes("image/png", 90_000, 1)).bytes);
    writeFileSync(join(lab.folder, "big.png"), (await pictureOfBytes("image/png", 48_000_000, 2)).bytes);
  });
  afterEach(endPrograms);
  afterAll(() => lab.close());

  const as =
    (name: string) =>
    (...words: string[]) =>
      lab.run(["client", name, ...words]);
  const revoke = async (name: string): Promise<Record<string, unknown>> => {
    const ended = await lab.run(["user", "revoke", name, "--json"]);
    expect(ended.code).toBe(0);
    return ended.json()[0] ?? {};
  };
  const folderOf = (node: number): string => join(lab.folder, ".distinsta", "nodes", String(node));
  /** The number of the list that lies on a node's disk; 0 for none. */
  const listOn = (node: number): number => {
    const path = join(folderOf(node), "revocations.txt");
    return existsSync(path) ? Number(/^number (\d+)$/m.exec(readFileSync(path, "utf8"))?.[1]) : 0;
  };
  /** Somebody else has a copy of her credentials, and no CA: what a thief has. */
  const thiefOf = (name: string) => {
    const place = join(lab.folder, `thief-of-${name}`);
    cpSync(join(lab.folder, ".distinsta/users", name), join(place, ".distinsta/users", name), {
      recursive: true,
    });
    cpSync(join(lab.folder, ".distinsta/certificates"), join(place, ".distinsta/certificates"), {
      recursive: true,
    });
    cpSync(join(lab.folder, ".distinsta/operators"), join(place, ".distinsta/operators"), {
      recursive: true,
    });
    cpSync(join(lab.folder, ".distinsta/config.toml"), join(place, "config.toml"));
    return (...words: string[]) => lab.run(["client", name, ...words], { cwd: place });
  };

  test("whoever is at the prompt is told with the next command, whoever uploads at once", async () => {
    expect((await as("bob")("upload", "small.png")).code).toBe(0);
    const prompt = spawnOnPty(process.execPath, [program, "client", "bob"], { cwd: lab.folder });
    await prompt.waitForText("bob>");
    prompt.type("list\r");
    await prompt.waitForText("small.png");

    const upload = lab.start(["client", "bob", "upload", "big.png"]);
    // What comes back sealed has its file from the moment in which a node takes the image.
    const images = join(lab.folder, "images");
    const isOnItsWay = (): boolean => readdirSync(images).some((name) => name.endsWith(".part"));
    while (!isOnItsWay()) await new Promise((resolve) => setImmediate(resolve));
    upload.child.kill("SIGSTOP");
    const told = await revoke("bob");
    expect(told).toMatchObject({ ok: true, name: "bob", state: "made" });
    expect(told.nodes).toEqual([1, 2, 3].map((id) => ({ id, told: true })));
    upload.child.kill("SIGCONT");
    // Where it was stopped is chance. If all of it had gone off, it may be stored, and that is said too.
    const { code, stderr } = await upload.ended;
    expect(stderr).toContain("the certificate of bob was revoked on");
    expect(code).toBe(/whether \S+ was stored is not known/.test(stderr) ? 1 : 5);

    prompt.type("list\r");
    await prompt.waitForText("error: the certificate of bob was revoked on");
    prompt.type("\u0004");
    await prompt.exited;
    const log = cluster.events.filter(({ event }) => event === "users.revoked");
    expect(log.map(({ by }) => by)).toEqual(Array(3).fill("operator operator"));
    expect(log.some(({ closed }) => Number(closed) > 0)).toBe(true);
  });

  test("a copy of the credentials is of no use, and nobody is made again by himself", async () => {
    expect((await as("carol")("list")).code).toBe(0);
    const thief = thiefOf("carol");
    expect((await thief("list")).code).toBe(0);
    await revoke("carol");
    for (const words of [["list"], ["upload", "../small.png"], ["status"]])
      saysRevoked(await thief(...words), "carol");
    const own = await as("carol")("list");
    saysRevoked(own, "carol");
    expect(own.stderr).toContain("hint: to let carol in again, run: distinsta user add carol");
    const listed = (await lab.run(["user", "list", "--json"])).json();
    expect(listed.find(({ name }) => name === "carol")).toMatchObject({
      revokedAt: expect.stringMatching(/Z$/),
    });
    expect(listed.find(({ name }) => name === "alice")).toMatchObject({ revokedAt: null });
    expect((await lab.run(["user", "list"])).stdout).toMatch(/^carol .* revoked \d{4}-\d\d-\d\d$/m);
  });

  test("nobody seals to a revoked certificate; a new one is good, and opens what was there before", async () => {
    const dora = as("dora");
    const [mine] = (await dora("upload", "small.png", "--json")).json();
    const [image] = (await as("alice")("upload", "small.png", "--json")).json();
    const id = String(image?.id);
    const thief = thiefOf("dora");
    await revoke("dora");
    const refused = await as("alice")("share", id, "dora", "--json");
    expect(refused.json()).toMatchObject([{ id, ok: false, code: "USER_DOUBTFUL" }]);
    expect(refused.stderr).toContain("error: nothing can be sealed to dora: the certificate was revoked on");

    expect((await lab.run(["user", "add", "dora"])).code).toBe(0);
    const got = await dora("get", String(mine?.id), "-o", "doras.png");
    expect(got.code).toBe(0);
    expect(readFileSync(join(lab.folder, "doras.png"))).toEqual(readFileSync(join(lab.folder, "small.png")));
    expect((await as("alice")("share", id, "dora")).code).toBe(0);
    expect((await dora("list", "--json")).json().map((line) => line.id)).toContain(id);
    saysRevoked(await thief("list"), "dora");
  });

  test("a node that was away, and one whose disk was burnt, learn it from the others", async () => {
    const follower = cluster.nodes.find(({ id }) => id !== cluster.leader);
    if (follower === undefined) throw new Error("three nodes have a follower");
    const { id } = follower;
    const before = listOn(id);
    process.kill(follower.pid, "SIGKILL");
    expect((await as("erin")("list")).code).toBe(0);
    const thief = thiefOf("erin");
    const told = await revoke("erin");
    expect(told.nodes).toContainEqual({
      id,
      told: false,
      code: "CONNECTION_REFUSED",
      message: expect.any(String),
    });
    expect(told.number).toBe(before + 1);
    // As if the CA lay elsewhere; nodes beside it would take its list from there.
    rmSync(join(lab.folder, ".distinsta/pki/revocations"), { recursive: true });

    const back = lab.start(["server", String(id), "--headless"]);
    const learned = await back.until("the list", ({ event }) => event === "users.revoked");
    expect(learned.by).toMatch(/^node \d$/);
    expect(listOn(id)).toBe(told.number);
    back.child.kill("SIGKILL");
    await back.ended;

    rmSync(folderOf(id), { recursive: true });
    const empty = lab.start(["server", String(id), "--headless"]);
    await empty.until("the list", ({ event }) => event === "users.revoked");
    await empty.until("refilled", ({ event }) => event === "disk.refilled");
    expect(listOn(id)).toBe(told.number);
    // That node alone is asked, and knows.
    for (const { id: other, pid } of cluster.nodes) if (other !== id) process.kill(pid, "SIGSTOP");
    saysRevoked(await thief("status"), "erin");
    for (const { id: other, pid } of cluster.nodes) if (other !== id) process.kill(pid, "SIGCONT");
    empty.child.kill("SIGTERM");
    expect((await empty.ended).code).toBe(0);
  });

  test("typing it again tells all again; a name that was never given is refused", async () => {
    await eventually(async () => (await lab.run(["status", "--json"])).code === 0);
    const again = (await lab.run(["user", "revoke", "erin", "--json"])).json()[0];
    expect(again).toMatchObject({ ok: true, state: "kept" });
    const unknown = await lab.run(["user", "revoke", "nobody", "--json"]);
    expect(unknown.code).toBe(4);
    expect(unknown.json()).toMatchObject([{ ok: false, code: "USER_UNKNOWN" }]);
    expect((await lab.run(["user", "revoke", "No Name"])).code).toBe(2);
  });
});

test("a cluster whose user is revoked starts all the same; told to nobody, it says so", async () => {
  const lab = openLab();
  try {
    const first = await lab.launch();
    first.child.kill("SIGTERM");
    await first.ended;
    const alone = await lab.run(["user", "revoke", "alice", "--json"]);
    expect(alone.code).toBe(3);
    expect(alone.json()).toMatchObject([
      { ok: false, code: "NO_SERVER", name: "alice", number: 1, state: "made" },
    ]);
    expect(alone.stderr).toContain(
      "the list is kept here; when servers are up, tell them: distinsta user revoke alice",
    );
    await lab.launch();
    saysRevoked(await lab.run(["client", "alice", "list"]), "alice");
    expect((await lab.run(["client", "bob", "list"])).code).toBe(0);
  } finally {
    await lab.close();
  }
});

const reason = needs("root", "linux", "namespaces", "ip", "nft");

describe.skipIf(reason !== null)(`on three machines and a client's${because(reason)}`, () => {
  let site: Site;
  beforeAll(async () => {
    site = new Site();
    await site.found();
    await site.startAll();
  });
  afterAll(() => site.close());

  test("she is shut out, the doctor says so, and she comes again with a new key, made on her machine", async () => {
    await site.letIn("alice");
    await site.upload();
    await site.stopNode(3);
    // The desk has no cable to the nodes; for once the CA is carried to where there is one.
    site.carry(".distinsta/pki", "operator", laptop);
    const revoked = await site.on(laptop, "user", "revoke", "alice");
    expect(revoked.stdout).toMatch(
      /^alice is revoked: certificates made until \S+Z open no door any more \(list 1\)$/m,
    );
    expect(revoked.stdout).toMatch(/^✗ node 3 does not say so: .*; it learns it from the others$/m);
    expect(revoked.code).toBe(0);
    site.carry(".distinsta/pki", laptop, "operator");
    rmSync(join(site.place(laptop), ".distinsta/pki"), { recursive: true });
    saysRevoked(await site.on(laptop, "client", "alice", "list"), "alice");
    await listening(site.startNode(3));
    await site.node(3).until("the list", ({ event }) => event === "users.revoked");
    const findings = (await site.on(laptop, "doctor", "--json")).json();
    expect(findings.filter(({ check, ok }) => check === "certificates" && ok === false)).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining("the certificate of alice was revoked on"),
      }),
    );

    const users = join(site.place(laptop), ".distinsta/users/alice");
    expect((await site.on(laptop, "user", "request", "alice")).code).toBe(0);
    const request = ".distinsta/users/alice/request.pem";
    site.carry(request, laptop, "operator");
    const same = await site.atOperator("user", "add", "alice", "--request", request);
    expect(same.stderr).toContain("remove key.pem");
    expect(same.code).toBe(2);
    rmSync(join(users, "key.pem"));
    await site.letIn("alice");
    expect((await site.on(laptop, "client", "alice", "list", "--json")).json()).toHaveLength(1);
    await site.upload();
  });
});
