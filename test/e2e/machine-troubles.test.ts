/**
 * What goes wrong between machines and on their disks: each found, said in two lines or in the log, and nothing
 * lost by it. Real processes on machines that are network namespaces.
 */
import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { wallNow } from "../../core/io/clock.ts";
import { issueUser } from "../../core/io/pki/authority.ts";
import { loadAuthority } from "../../core/io/pki/keep.ts";
import { loadUser } from "../../core/io/pki/users.ts";
import { userNameOf } from "../../core/model/ids.ts";
import { wallMs } from "../../core/model/units.ts";
import { must } from "../core/io/cluster.ts";
import { because, needs } from "../support/skip.ts";
import type { Ended, RunOptions } from "./lab.ts";
import { laptop, listening, Site } from "./site.ts";
import { smallDisk } from "./small-disks.ts";

const reason = needs("root", "linux", "namespaces", "ip", "nft", "faketime");
const title = (text: string): string => `${text}${because(reason)}`;
/** Small enough for disks that are small, too. */
const config = "[storage]\nheadroom_bytes = 2_000_000\nsegment_bytes = 1_048_576\n";

/** Exit code and the two lines of a complaint. */
const complaint = (ended: Ended) => {
  const [, what = "", hint = ""] = /^error: (.*)\nhint: (.*)\n$/.exec(ended.stderr) ?? [];
  return { code: ended.code, what, hint };
};

/** Runs what follows with another wall clock; the monotonic one goes on as it is. */
const clock = (shift: string): RunOptions => {
  const library = execFileSync("faketime", ["-f", "+0s", "printenv", "LD_PRELOAD"], { encoding: "utf8" });
  return {
    env: { LD_PRELOAD: library.trim(), FAKETIME: shift, FAKETIME_DONT_FAKE_MONOTONIC: "1" },
  };
};

describe.skipIf(reason !== null)(title("on three machines"), () => {
  let site: Site;
  let picture: string;
  /** Everything that was acknowledged, by id. */
  const stored: string[] = [];
  const alice = (...words: string[]) => site.on(laptop, "client", "alice", ...words);
  const doctorFinds = (ended: Ended, check: string) =>
    ended.json().filter((finding) => finding.check === check && finding.ok === false);

  const upload = async (bytes?: number) => {
    const line = await site.upload(bytes);
    stored.push(String(line.id));
    return line;
  };
  const restart = async (id: number, options: RunOptions = {}) => {
    if (site.node(id).child.exitCode === null) await site.stopNode(id);
    const running = site.startNode(id, options);
    await listening(running);
    return running;
  };

  beforeAll(async () => {
    site = new Site();
    await site.found(config);
    await site.startAll();
    await site.letIn("alice");
    picture = await site.picture();
    await upload();
  });
  /** Whatever a test did, all that was acknowledged is listed, and nothing else. */
  afterEach(async () => {
    await site.whole();
    const listed = (await alice("list", "--json")).json().map(({ id }) => String(id));
    expect(listed.toSorted()).toEqual(stored.toSorted());
  });
  afterAll(() => site.close());

  test("a client whose clock is ahead is told so, by the upload and by doctor", async () => {
    const ahead = await site.onWith(laptop, clock("+600s"), "client", "alice", "upload", picture);
    expect(complaint(ahead)).toEqual({
      code: 1,
      what: expect.stringMatching(/^this machine's clock is (599|60\d) s ahead of the servers' clocks$/),
      hint: "set it right: timedatectl set-ntp true",
    });
    const [found] = doctorFinds(await site.onWith(laptop, clock("+600s"), "doctor", "--json"), "clock");
    expect(found?.message).toMatch(
      /^this machine's clock is 10 min ahead of all nodes': uploads .* refused$/,
    );
  });

  test("a client whose clock is hours behind is told so before it connects", async () => {
    const behind = await site.onWith(laptop, clock("-7200s"), "client", "alice", "upload", picture);
    expect(complaint(behind)).toMatchObject({
      code: 2,
      what: expect.stringContaining("this machine's clock"),
    });
  });

  test("a node whose clock is ahead is named in every node's log and by doctor; uploads go on", async () => {
    const skewed = await restart(2, clock("+600s"));
    await site.whole();
    for (let count = 0; count < 3; count++) await upload();
    const differing = (event: Record<string, unknown>) => event.event === "clock.differed";
    const said = await site.node(1).until("a warning", (event) => differing(event) && event.peer === 2);
    expect(said).toMatchObject({ level: "warn" });
    expect(said.message).toMatch(
      /^Node 1: the clock of node 2 is (599|600)\.\d s ahead of mine; .*timedatectl/,
    );
    expect((await skewed.until("a warning", differing)).message).toMatch(/behind mine/);
    const [found] = doctorFinds(await site.on(laptop, "doctor", "--json"), "clock");
    expect(found?.message).toMatch(/^the clock of node 2 is 10 min ahead of this machine's/);
    await restart(2);
  });

  test("a client with another configuration is told which line, which machine", async () => {
    writeFileSync(join(site.place(laptop), "other.toml"), site.configFor("[cluster]\nreplication = 2\n"));
    for (const words of [["upload", picture], ["list"]]) {
      expect(complaint(await alice(...words, "--config", "other.toml"))).toEqual({
        code: 2,
        what: expect.stringMatching(
          /between this machine and node \d \(10\.77\.0\.\d:8001\): here cluster\.replication = 2; there cluster\.replication = 3$/,
        ),
        hint: "copy one config.toml to all machines, then start again",
      });
    }
    const found = doctorFinds(
      await site.on(laptop, "doctor", "--config", "other.toml", "--json"),
      "configuration",
    );
    expect(found).toHaveLength(3);
  });

  test("a node with another configuration stays out, both ends say why, and the others go on", async () => {
    await site.stopNode(1);
    writeFileSync(join(site.place(1), "config.toml"), site.configFor("[cluster]\nreplication = 2\n"));
    const differing = site.startNode(1);
    const rejected = (event: Record<string, unknown>) =>
      event.event === "peer.rejected" &&
      /^Node \d: closed .* this machine and node \d /.test(String(event.message)) &&
      (event.fault as { code: string }).code === "CONFIG_DIFFERS";
    expect((await differing.until("a refusal", rejected)).message).toMatch(
      /node [23] .*: here cluster\.replication = 2; there cluster\.replication = 3$/,
    );
    expect((await site.node(2).until("a refusal", rejected)).message).toMatch(
      /node 1 .*: here cluster\.replication = 3; there cluster\.replication = 2$/,
    );
    const before = site.node(2).events.length;
    expect((await upload()).node).not.toBe(1);
    const [found] = doctorFinds(await site.on(laptop, "doctor", "--json"), "configuration");
    expect(found?.message).toContain("differs from the one of node 1 (10.77.0.1:8001)");
    expect(site.node(2).events.slice(before).filter(rejected).length).toBeLessThan(3);
    writeFileSync(join(site.place(1), "config.toml"), site.configFor(config));
    await restart(1);
  });

  test("credentials of another cluster let nobody in, a user as little as a node", async () => {
    const foreign = ["--data", "foreign"];
    expect((await site.on(laptop, "init", ...foreign)).code).toBe(0);
    expect((await site.on(laptop, "user", "add", "alice", ...foreign)).code).toBe(0);
    expect(complaint(await alice("upload", picture, ...foreign))).toEqual({
      code: 2,
      what: expect.stringMatching(/^10\.77\.0\.\d:8001 belongs to another cluster$/),
      hint: "check the address in config.toml and which credentials were copied",
    });
    expect(doctorFinds(await site.on(laptop, "doctor", "--json", ...foreign), "certificates")).toHaveLength(
      3,
    );

    await site.stopNode(1);
    cpSync(join(site.place(laptop), "foreign/certificates"), join(site.place(1), "foreign/certificates"), {
      recursive: true,
    });
    const stranger = site.lab.start(["server", "1", "--headless", ...foreign], {
      cwd: site.place(1),
      within: site.host(1).within,
    });
    await stranger.until("a refusal", (event) => event.event === "peer.rejected");
    await upload();
    stranger.child.kill("SIGTERM");
    await stranger.ended;
    const swapped = join(site.place(1), ".distinsta/certificates/node1");
    rmSync(swapped, { recursive: true });
    cpSync(join(site.place(1), "foreign/certificates/node1"), swapped, { recursive: true });
    expect(complaint(await site.on(1, "server", "1", "--headless"))).toEqual({
      code: 1,
      what: ".distinsta/nodes/1 is not this node's data: it is the data of another cluster",
      hint: "give the right folder with --data DIR; nothing was changed",
    });
    rmSync(swapped, { recursive: true });
    site.carry(".distinsta/certificates/node1", "operator", 1);
    await restart(1);
  });

  test("a certificate that ran out is said before anybody is asked, with how to renew it", async () => {
    const longAgo = wallMs(wallNow() - 800 * 86_400_000);
    const folder = join(site.place(laptop), ".distinsta/users/alice");
    const kept = readFileSync(join(folder, "certificate.pem"));
    const key = readFileSync(join(folder, "key.pem"));
    const authority = must(loadAuthority(join(site.place("operator"), ".distinsta"), wallNow()));
    const { recipient } = must(
      await loadUser(join(site.place(laptop), ".distinsta"), userNameOf("alice"), wallNow()),
    );
    // Such a certificate ends when it would have if the CA had been there to sign it.
    const issued = await issueUser(authority, userNameOf("alice"), recipient, longAgo);
    writeFileSync(join(folder, "certificate.pem"), issued.certificatePem);
    writeFileSync(join(folder, "key.pem"), issued.keyPem);
    expect(complaint(await alice("upload", picture))).toMatchObject({
      code: 2,
      what: expect.stringMatching(/^the certificate of user alice ran out on \d{4}-\d\d-\d\d$/),
    });
    const [found] = doctorFinds(await site.on(laptop, "doctor", "--json"), "certificates");
    expect(found?.hint).toContain("distinsta user request alice");
    writeFileSync(join(folder, "certificate.pem"), kept);
    writeFileSync(join(folder, "key.pem"), key);
  });

  test("a port that another program holds is named with it, and a node on the wrong machine is told", async () => {
    await site.stopNode(2);
    const holder = site.lab.start(["server", "2", "--headless"], {
      cwd: site.place(2),
      within: site.host(2).within,
    });
    await listening(holder);
    cpSync(join(site.place(2), ".distinsta/certificates"), join(site.place(2), "second/certificates"), {
      recursive: true,
    });
    expect(complaint(await site.on(2, "server", "2", "--headless", "--data", "second"))).toEqual({
      code: 1,
      what: `10.77.0.2:8001 is taken by distinsta server 2 (pid ${holder.pid})`,
      hint: "stop that program, or choose another port in config.toml (launch-local: --base-port 9001)",
    });
    expect(complaint(await site.on(2, "server", "2", "--headless"))).toEqual({
      code: 1,
      what: `.distinsta/nodes/2 is used by process ${holder.pid}`,
      hint: "stop that one first, or give another folder with --data DIR",
    });
    site.carry(".distinsta/certificates/node3", "operator", 2);
    expect(complaint(await site.on(2, "server", "3", "--headless"))).toEqual({
      code: 1,
      what: "10.77.0.3:8001 is not an address of this machine",
      hint: "start each node on the machine that config.toml names for it",
    });
    rmSync(join(site.place(2), ".distinsta/certificates/node3"), { recursive: true });
    holder.child.kill("SIGTERM");
    await holder.ended;
    await listening(site.startNode(2));
  });

  test("an image that one disk cannot hold is stored on the others", async () => {
    await site.stopNode(3);
    await restart(3, smallDisk(site, 3, 12));
    await site.whole();
    const line = await upload(14_000_000);
    expect(line.node).not.toBe(3);
    expect(line.copies).toBe(2);
    expect(site.node(3).child.exitCode).toBeNull();
    await restart(3);
  });

  test("a data folder that cannot be written is said, and nothing starts", async () => {
    await site.stopNode(3);
    const readOnly = {
      within: [
        "sh",
        "-c",
        'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && cd "$0" && exec "$@"',
        site.place(3),
      ],
    };
    const ended = await site.onWith(3, readOnly, "server", "3", "--headless");
    expect(complaint(ended)).toMatchObject({
      code: 1,
      what: expect.stringMatching(
        /^\.distinsta\/nodes\/3\S* cannot be written: its disk is mounted read-only$/,
      ),
      hint: "check permissions and free space: ls -ld, df -h",
    });
    const found = doctorFinds(await site.onWith(3, readOnly, "doctor", "--json"), "disk");
    expect(found[0]?.message).toBe(".distinsta cannot be written");
    await listening(site.startNode(3));
  });
});
