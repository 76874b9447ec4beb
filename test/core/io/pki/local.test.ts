import { spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, expect, test } from "vitest";
import { loadCredentials } from "../../../../core/io/pki/credentials.ts";
import { loadAuthority } from "../../../../core/io/pki/keep.ts";
import { ensureLocalPki, ensureLocalUser, isAllLoopback } from "../../../../core/io/pki/local.ts";
import { nodeCredentials, operatorCredentials, userFolder } from "../../../../core/io/pki/places.ts";
import { loadUser } from "../../../../core/io/pki/users.ts";
import { nodeId, userNameOf } from "../../../../core/model/ids.ts";
import { codeOf, dataFolder, later, must, noon, serversAt, threeLocal, threeRemote } from "./fixtures.ts";

const alice = userNameOf("alice");
const modeOf = (...path: string[]): number => statSync(join(...path)).mode & 0o777;
const textOf = (...path: string[]): string => readFileSync(join(...path), "utf8");

describe("a configuration is all loopback", () => {
  test.each(["127.0.0.1", "127.255.0.9", "::1", "0:0:0:0:0:0:0:1", "localhost", "LOCALHOST"])(
    "with %s",
    (host) => {
      expect(isAllLoopback(serversAt(host, "127.0.0.1"))).toBe(true);
    },
  );
  test.each([
    "10.0.0.1",
    "128.0.0.1",
    "0.0.0.0",
    "::",
    "::2",
    "localhost.example.org",
    "127.0.0.1.example.org",
    "127.1",
    "2130706433",
    "",
  ])("not with '%s'", (host) => {
    expect(isAllLoopback(serversAt("127.0.0.1", host))).toBe(false);
  });
  test("not without servers", () => {
    expect(isAllLoopback({ servers: [] })).toBe(false);
  });
});

describe("on an all-loopback configuration", () => {
  test("the first use makes a CA, all nodes' certificates and an operator, and nobody else can read the keys", async () => {
    const data = join(dataFolder(), "deep", "data");
    must(await ensureLocalPki(data, threeLocal, noon));
    const { cluster } = must(loadAuthority(data, noon));
    for (const server of threeLocal.servers)
      expect(must(loadCredentials(nodeCredentials(data, server.id), noon)).peer).toEqual({
        role: "node",
        cluster,
        id: server.id,
      });
    expect(must(loadCredentials(operatorCredentials(data), noon)).peer.role).toBe("operator");
    expect(modeOf(data, "pki")).toBe(0o700);
    expect(modeOf(data, "pki", "ca-key.pem")).toBe(0o600);
    expect(modeOf(data, "certificates")).toBe(0o700);
    expect(modeOf(data, "certificates", "node1", "key.pem")).toBe(0o600);
    expect(modeOf(data, "operators", "operator", "key.pem")).toBe(0o600);
  });

  test("the second use changes no byte", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    must(await ensureLocalUser(data, threeLocal, alice, noon));
    const before = snapshotOf(data);
    must(await ensureLocalPki(data, threeLocal, later(1)));
    must(await ensureLocalUser(data, threeLocal, alice, later(1)));
    expect(snapshotOf(data)).toEqual(before);
    expect(before.size).toBeGreaterThan(15);
  });

  test("a node that is new in the configuration gets a certificate of the same cluster", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, serversAt("127.0.0.1"), noon));
    const before = textOf(data, "certificates", "node1", "certificate.pem");
    expect(codeOf(loadCredentials(nodeCredentials(data, nodeId(3)), noon))).toBe("CREDENTIALS_MISSING");
    must(await ensureLocalPki(data, threeLocal, noon));
    const third = must(loadCredentials(nodeCredentials(data, nodeId(3)), noon));
    expect(third.peer.cluster).toBe(must(loadAuthority(data, noon)).cluster);
    expect(textOf(data, "certificates", "node1", "certificate.pem")).toBe(before);
  });

  test("certificates that end soon, or ended, are renewed over the same key", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    must(await ensureLocalUser(data, threeLocal, alice, noon));
    const key = textOf(data, "certificates", "node2", "key.pem");
    const identity = textOf(userFolder(data, alice), "identity.txt");
    for (const now of [later(700), later(2_000)]) {
      must(await ensureLocalPki(data, threeLocal, now));
      must(await ensureLocalUser(data, threeLocal, alice, now));
      expect(
        loadCredentials(nodeCredentials(data, nodeId(2)), later((now - noon) / 86_400_000 + 600)).ok,
      ).toBe(true);
      expect((await loadUser(data, alice, now)).ok).toBe(true);
    }
    expect(textOf(data, "certificates", "node2", "key.pem")).toBe(key);
    expect(textOf(userFolder(data, alice), "identity.txt")).toBe(identity);
  });

  test("what a crash left half-made blocks nothing, and is removed once it is old", async () => {
    const data = dataFolder();
    mkdirSync(join(data, "certificates"), { recursive: true });
    mkdirSync(join(data, "pki"));
    const leftovers = [join(data, ".making-0011223344556677"), join(data, "certificates", ".making-aa")];
    for (const folder of leftovers) {
      mkdirSync(folder);
      writeFileSync(join(folder, "ca-key.pem"), "half a k");
      utimesSync(folder, noon / 1000, noon / 1000);
    }
    must(await ensureLocalPki(data, threeLocal, noon));
    expect(leftovers.map((folder) => existsSync(folder))).toEqual([true, true]);
    must(await ensureLocalPki(data, threeLocal, later(1)));
    expect(leftovers.map((folder) => existsSync(folder))).toEqual([false, false]);
  });

  test("a crash between CA and certificates is made good by the next start", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    const { cluster } = must(loadAuthority(data, noon));
    rmSync(join(data, "certificates", "node3"), { recursive: true });
    rmSync(join(data, "operators"), { recursive: true });
    must(await ensureLocalPki(data, threeLocal, noon));
    expect(must(loadCredentials(operatorCredentials(data), noon)).peer.cluster).toBe(cluster);
  });

  test("a CA that was taken away is not replaced, and is missed only when something must be signed", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    renameSync(join(data, "pki"), join(data, "elsewhere"));
    must(await ensureLocalPki(data, threeLocal, noon));
    expect(codeOf(await ensureLocalPki(data, serversAt("::1", "::1", "::1", "::1"), noon))).toBe(
      "CREDENTIALS_INVALID",
    );
    expect(codeOf(await ensureLocalUser(data, threeLocal, alice, noon))).toBe("CREDENTIALS_MISSING");
    expect(existsSync(join(data, "pki"))).toBe(false);
  });

  test("a CA without its key is a fault that names the key", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    rmSync(join(data, "pki", "ca-key.pem"));
    rmSync(join(data, "certificates"), { recursive: true });
    rmSync(join(data, "operators"), { recursive: true });
    const result = await ensureLocalPki(data, threeLocal, noon);
    expect(result).toMatchObject({
      ok: false,
      fault: { code: "CREDENTIALS_INVALID", path: join(data, "pki", "ca-key.pem") },
    });
  });

  test("certificates and users of another cluster are neither used nor touched", async () => {
    const [data, other] = [dataFolder(), dataFolder()];
    for (const folder of [data, other]) {
      must(await ensureLocalPki(folder, threeLocal, noon));
      must(await ensureLocalUser(folder, threeLocal, alice, noon));
    }
    rmSync(join(data, "pki"), { recursive: true });
    renameSync(join(other, "pki"), join(data, "pki"));
    const before = snapshotOf(data);
    for (const now of [noon, later(1_000)]) {
      expect(codeOf(await ensureLocalPki(data, threeLocal, now))).toBe("CREDENTIALS_INVALID");
      expect(codeOf(await ensureLocalUser(data, threeLocal, alice, now))).toBe("CREDENTIALS_INVALID");
    }
    expect(snapshotOf(data)).toEqual(before);
  });

  test("a user whose identity is damaged is a fault, and her files stay", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    must(await ensureLocalUser(data, threeLocal, alice, noon));
    writeFileSync(join(userFolder(data, alice), "identity.txt"), "AGE-SECRET-KEY-1QQQQ\n");
    const result = await ensureLocalUser(data, threeLocal, alice, noon);
    expect(codeOf(result)).toBe("CREDENTIALS_INVALID");
    expect(JSON.stringify(result)).not.toContain("AGE-SECRET-KEY-1QQQQ");
    expect(textOf(userFolder(data, alice), "identity.txt")).toBe("AGE-SECRET-KEY-1QQQQ\n");
  });

  test("a user who lost her key gets another, and keeps her identity", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    must(await ensureLocalUser(data, threeLocal, alice, noon));
    const { identity } = must(await loadUser(data, alice, noon));
    rmSync(join(userFolder(data, alice), "key.pem"));
    must(await ensureLocalUser(data, threeLocal, alice, noon));
    expect(must(await loadUser(data, alice, noon)).identity).toBe(identity);
  });

  test("a client before any cluster is told to launch one", async () => {
    const data = dataFolder();
    const result = await ensureLocalUser(data, threeLocal, alice, noon);
    expect(result).toMatchObject({
      fault: { code: "CREDENTIALS_MISSING", command: `distinsta launch-local --data ${data}` },
    });
    expect(existsSync(userFolder(data, alice))).toBe(false);
  });

  test("a file where the data folder should be is a fault", async () => {
    const file = join(dataFolder(), "data");
    writeFileSync(file, "");
    expect(codeOf(await ensureLocalPki(file, threeLocal, noon))).toBe("FILE_UNWRITABLE");
  });
});

test("on any other configuration nothing is signed by itself", async () => {
  const data = dataFolder();
  must(await ensureLocalPki(data, threeRemote, noon));
  must(await ensureLocalPki(data, serversAt("127.0.0.1", "10.0.0.1"), noon));
  must(await ensureLocalUser(data, threeRemote, alice, noon));
  expect(readdirSync(data)).toEqual([]);
  must(await ensureLocalPki(data, threeLocal, noon));
  must(await ensureLocalUser(data, threeRemote, alice, noon));
  expect(existsSync(userFolder(data, alice))).toBe(false);
});

describe("eight processes at once", () => {
  test("make one CA, from which everything is", async () => {
    const data = dataFolder();
    expect(await race("pki", data, 8)).toEqual(Array(8).fill('{"recipient":null}'));
    const { cluster } = must(loadAuthority(data, noon));
    const paths = [
      ...threeLocal.servers.map((server) => nodeCredentials(data, server.id)),
      operatorCredentials(data),
    ];
    expect(paths.map((path) => must(loadCredentials(path, noon)).peer.cluster)).toEqual(
      Array(4).fill(cluster),
    );
    expect(readdirSync(data).sort()).toEqual(["certificates", "operators", "pki", "users"]);
    expect(readdirSync(join(data, "certificates")).sort()).toEqual(["node1", "node2", "node3"]);
  });

  test("make one alice with one identity", async () => {
    const data = dataFolder();
    must(await ensureLocalPki(data, threeLocal, noon));
    const outcomes = await race("user", data, 8);
    const { recipient } = must(await loadUser(data, alice, noon));
    expect(outcomes).toEqual(Array(8).fill(JSON.stringify({ recipient })));
    expect(readdirSync(join(data, "users"))).toEqual(["alice"]);
    expect(textOf(data, "pki", "users", "alice.pem")).toBe(
      textOf(userFolder(data, alice), "certificate.pem"),
    );
  });
});

/** Every file below a folder, by its path, with its content. */
const snapshotOf = (data: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(data, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => [join(entry.parentPath, entry.name), textOf(entry.parentPath, entry.name)]),
  );

/** What each of `runners` processes printed; all are ready before the first begins. */
const race = async (what: "pki" | "user", data: string, runners: number): Promise<readonly string[]> => {
  const racer = join(import.meta.dirname, "racer.ts");
  const processes = Array.from({ length: runners }, () =>
    spawn(process.execPath, [racer, what, data, String(noon)], { stdio: ["pipe", "pipe", "inherit"] }),
  );
  const lines = processes.map((process) => createInterface(process.stdout)[Symbol.asyncIterator]());
  const next = async (line: AsyncIterator<string>): Promise<string> => String((await line.next()).value);
  expect(await Promise.all(lines.map(next))).toEqual(Array(runners).fill("ready"));
  for (const process of processes) process.stdin.write("go\n");
  return Promise.all(lines.map(next));
};
