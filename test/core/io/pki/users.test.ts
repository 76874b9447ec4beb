import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { initCluster } from "../../../../core/io/pki/cluster.ts";
import { listUsers } from "../../../../core/io/pki/ledger.ts";
import { identityPath, userCredentials, userFolder } from "../../../../core/io/pki/places.ts";
import { addUser, loadUser } from "../../../../core/io/pki/users.ts";
import { userNameOf } from "../../../../core/model/ids.ts";
import { makeHeader, openHeader } from "../../../../core/seal/header.ts";
import { makeIdentity } from "../../../../core/seal/identity.ts";
import { codeOf, dataFolder, later, must, noon, threeRemote } from "./fixtures.ts";

const [alice, bob] = [userNameOf("alice"), userNameOf("bob")];
let data: string;
beforeEach(async () => {
  data = dataFolder();
  must(await initCluster(data, threeRemote, noon));
});
const filesOf = (folder: string): readonly string[] =>
  readdirSync(folder).map((name) => `${name}: ${readFileSync(join(folder, name), "utf8")}`);

describe("a user who is added where the CA is kept", () => {
  test("can open what is sealed to the recipient in her certificate", async () => {
    const user = must(await addUser(data, alice, noon));
    if (user.credentials.peer.role !== "user") throw new Error("not a user's certificate");
    const { header, fileKey } = must(makeHeader([user.credentials.peer.recipient]));
    expect(must(await openHeader(header, user.identity, "x"))).toEqual(fileKey);
  });

  test("has an identity in age-keygen's format, and secrets that only she can read", async () => {
    must(await addUser(data, alice, noon));
    expect(readFileSync(identityPath(data, alice), "utf8")).toMatch(
      /^# created: 2026-11-22T12:00:00Z\n# public key: age1[a-z0-9]{58}\nAGE-SECRET-KEY-1[A-Z0-9]{58}\n$/,
    );
    const modeOf = (name: string): number => statSync(join(userFolder(data, alice), name)).mode & 0o777;
    expect([modeOf("."), modeOf("identity.txt"), modeOf("key.pem")]).toEqual([0o700, 0o600, 0o600]);
    expect(readdirSync(userFolder(data, alice)).sort()).toEqual([
      "ca.pem",
      "certificate.pem",
      "identity.txt",
      "key.pem",
    ]);
  });

  test("cannot be added twice, and the second try touches nothing", async () => {
    must(await addUser(data, alice, noon));
    const before = filesOf(userFolder(data, alice));
    expect(await addUser(data, alice, noon)).toMatchObject({
      fault: { code: "USAGE", message: "there is a user alice already; nothing was changed" },
    });
    expect(filesOf(userFolder(data, alice))).toEqual(before);
  });

  test("cannot be added twice at the same moment either", async () => {
    const results = await Promise.all([addUser(data, alice, noon), addUser(data, alice, noon)]);
    expect(results.map(codeOf).sort()).toEqual(["USAGE", "none"]);
  });

  test("keeps her name when her folder is gone: nobody else becomes alice", async () => {
    must(await addUser(data, alice, noon));
    rmSync(userFolder(data, alice), { recursive: true });
    expect(codeOf(await addUser(data, alice, noon))).toBe("USAGE");
  });

  test("is renewed with the same identity once her certificate ran out", async () => {
    const first = must(await addUser(data, alice, noon));
    const second = must(await addUser(data, alice, later(800)));
    expect(second.identity).toBe(first.identity);
    expect(second.credentials.keyPem).toBe(first.credentials.keyPem);
    expect(codeOf(await loadUser(data, alice, later(1_500)))).toBe("none");
  });
});

test("an age identity that a person had before is used", async () => {
  const pair = await makeIdentity();
  mkdirSync(userFolder(data, alice), { recursive: true });
  writeFileSync(identityPath(data, alice), `${pair.identity}\n`);
  const user = must(await addUser(data, alice, noon));
  expect(user.identity).toBe(pair.identity);
  expect(user.credentials.peer).toMatchObject({ recipient: pair.recipient });
});

test("a folder with something in it but no identity is refused, and stays as it is", async () => {
  mkdirSync(userFolder(data, alice), { recursive: true });
  writeFileSync(join(userFolder(data, alice), "holiday.txt"), "at the sea");
  expect(await addUser(data, alice, noon)).toMatchObject({
    fault: { code: "CREDENTIALS_MISSING", path: identityPath(data, alice) },
  });
  expect(readdirSync(userFolder(data, alice))).toEqual(["holiday.txt"]);
});

test("without a CA nobody is added", async () => {
  const elsewhere = dataFolder();
  expect(await addUser(elsewhere, alice, noon)).toMatchObject({
    fault: { code: "CREDENTIALS_MISSING", path: join(elsewhere, "pki", "ca.pem") },
  });
  expect(readdirSync(elsewhere)).toEqual([]);
  expect(codeOf(listUsers(elsewhere, noon))).toBe("CREDENTIALS_MISSING");
});

test("the list has everybody with recipient and end, and skips what it cannot read", async () => {
  expect(must(listUsers(data, noon))).toEqual([]);
  const user = must(await addUser(data, bob, noon));
  must(await addUser(data, alice, noon));
  writeFileSync(join(data, "pki", "users", "mallory.pem"), "nonsense");
  writeFileSync(join(data, "pki", "users", "..pem"), "nonsense");
  const users = must(listUsers(data, noon));
  expect(users.map(({ name }) => name)).toEqual(["alice", "bob"]);
  expect(users[1]).toEqual({
    name: "bob",
    recipient: user.recipient,
    validUntil: later(731),
    revokedAt: null,
  });
});

test("an identity that is not the one in the certificate is refused, so that nothing is sealed to a stranger", async () => {
  must(await addUser(data, alice, noon));
  must(await addUser(data, bob, noon));
  copyFileSync(identityPath(data, bob), identityPath(data, alice));
  expect(await loadUser(data, alice, noon)).toMatchObject({
    fault: { code: "CREDENTIALS_INVALID", path: identityPath(data, alice) },
  });
});

test("a lost identity is missing, with the command", async () => {
  must(await addUser(data, alice, noon));
  rmSync(identityPath(data, alice));
  expect(await loadUser(data, alice, noon)).toMatchObject({
    fault: {
      code: "CREDENTIALS_MISSING",
      path: identityPath(data, alice),
      command: userCredentials(data, alice).command,
    },
  });
});
