import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { initCluster } from "../../../../core/io/pki/cluster.ts";
import { installUser, requestUser, signUserRequest } from "../../../../core/io/pki/enrol.ts";
import { listUsers } from "../../../../core/io/pki/ledger.ts";
import { identityPath, userCredentials, userFolder } from "../../../../core/io/pki/places.ts";
import { addUser, loadUser } from "../../../../core/io/pki/users.ts";
import { userNameOf } from "../../../../core/model/ids.ts";
import { codeOf, copyOf, dataFolder, later, must, noon, threeRemote } from "./fixtures.ts";

const [alice, bob] = [userNameOf("alice"), userNameOf("bob")];
/** Where the CA is kept, and the user's machine. */
let office: string;
let home: string;
let bundle: string;
beforeEach(async () => {
  office = dataFolder();
  home = dataFolder();
  bundle = join(home, "bundle.pem");
  must(await initCluster(office, threeRemote, noon));
});

/** Request, signature and bundle file; not installed yet. */
const enrol = async (now = noon) => {
  const requested = must(await requestUser(home, alice, now));
  const signed = must(await signUserRequest(office, alice, requested.path, now));
  writeFileSync(bundle, signed.bundlePem);
  return { requested, signed };
};

describe("a user on another machine", () => {
  test("asks, is signed, and installs; her identity and key never travel", async () => {
    const { requested, signed } = await enrol();
    const installed = must(await installUser(home, alice, bundle, noon));
    const user = must(await loadUser(home, alice, noon));
    expect([requested.recipient, signed.recipient, installed.recipient]).toEqual(
      Array(3).fill(user.recipient),
    );
    expect(installed.authorityFingerprint).toBe(signed.authorityFingerprint);
    expect(installed.authorityFingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
    expect(existsSync(requested.path)).toBe(false);
    const travelled = signed.bundlePem + readFileSync(join(office, "pki", "users", "alice.pem"), "utf8");
    expect(travelled).not.toMatch(/PRIVATE|SECRET/);
    expect(existsSync(userFolder(office, alice))).toBe(false);
    expect(must(listUsers(office, noon)).map(({ name }) => name)).toEqual(["alice"]);
  });

  test("is told what to type while she waits", async () => {
    must(await requestUser(home, alice, noon));
    expect(await loadUser(home, alice, noon)).toMatchObject({
      fault: { code: "CREDENTIALS_MISSING", command: `distinsta user install alice FILE --data ${home}` },
    });
  });

  test("may ask twice: the keys stay the same", async () => {
    const first = must(await requestUser(home, alice, noon));
    const second = must(await requestUser(home, alice, noon));
    expect(second).toEqual(first);
    const both = await Promise.all([requestUser(home, bob, noon), requestUser(home, bob, noon)]);
    expect(must(both[0])).toEqual(must(both[1]));
    expect(readdirSync(userFolder(home, bob)).sort()).toEqual(["identity.txt", "key.pem", "request.pem"]);
  });

  test("renews in the same way, and only with the key and recipient that she had", async () => {
    await enrol();
    must(await installUser(home, alice, bundle, noon));
    const { signed } = await enrol(later(700));
    expect(signed.state).toBe("renewed");
    must(await installUser(home, alice, bundle, later(700)));
    expect(codeOf(await loadUser(home, alice, later(1_400)))).toBe("none");
    const thief = dataFolder();
    const stolen = must(await requestUser(thief, alice, noon));
    expect(codeOf(await signUserRequest(office, alice, stolen.path, noon))).toBe("USAGE");
  });

  test("cannot exchange her identity unnoticed: what is sealed to the old one would be lost", async () => {
    await enrol();
    must(await requestUser(home, bob, noon));
    copyFileSync(identityPath(home, bob), identityPath(home, alice));
    const { path } = must(await requestUser(home, alice, noon));
    expect(codeOf(await signUserRequest(office, alice, path, noon))).toBe("USAGE");
  });

  test("who lost her key goes on with her identity, once the operator let go of the old key", async () => {
    await enrol();
    must(await installUser(home, alice, bundle, noon));
    const { identity } = must(await loadUser(home, alice, noon));
    for (const name of ["key.pem", "certificate.pem", "ca.pem"]) rmSync(join(userFolder(home, alice), name));
    const { path } = must(await requestUser(home, alice, noon));
    expect(codeOf(await signUserRequest(office, alice, path, noon))).toBe("USAGE");
    rmSync(join(office, "pki", "users", "alice.pem"));
    await enrol();
    must(await installUser(home, alice, bundle, noon));
    expect(must(await loadUser(home, alice, noon)).identity).toBe(identity);
  });

  test("cannot take the name of a user who was added at the office", async () => {
    must(await addUser(office, alice, noon));
    const requested = must(await requestUser(home, alice, noon));
    expect(codeOf(await signUserRequest(office, alice, requested.path, noon))).toBe("USAGE");
  });

  test("blocks her name at the office", async () => {
    await enrol();
    expect(codeOf(await addUser(office, alice, noon))).toBe("USAGE");
  });
});

describe("the office refuses", () => {
  const sign = (file: string, name = alice) => signUserRequest(office, name, file, noon);

  test("a request under another name than the one that was typed", async () => {
    const { path } = must(await requestUser(home, bob, noon));
    expect(await sign(path)).toMatchObject({
      fault: { code: "CREDENTIALS_INVALID", reason: "it asks for the name bob, not for alice" },
    });
    expect(must(listUsers(office, noon))).toEqual([]);
  });

  test("a file that is not there, no request, or a certificate", async () => {
    expect(codeOf(await sign(join(home, "none")))).toBe("FILE_NOT_FOUND");
    writeFileSync(bundle, "hello");
    expect(codeOf(await sign(bundle))).toBe("CREDENTIALS_INVALID");
    expect(codeOf(await sign(join(office, "pki", "ca.pem")))).toBe("CREDENTIALS_INVALID");
  });

  test("two requests in one file", async () => {
    const { path } = must(await requestUser(home, alice, noon));
    writeFileSync(path, readFileSync(path, "utf8").repeat(2));
    expect(codeOf(await sign(path))).toBe("CREDENTIALS_INVALID");
  });

  test("to sign where no CA is kept", async () => {
    const { path } = must(await requestUser(home, alice, noon));
    expect(codeOf(await signUserRequest(home, alice, path, noon))).toBe("CREDENTIALS_MISSING");
  });
});

describe("the user's machine refuses a bundle", () => {
  const install = (name = alice) => installUser(home, name, bundle, noon);
  const refused = (reason: RegExp) => ({
    fault: { code: "CREDENTIALS_INVALID", reason: expect.stringMatching(reason) },
  });

  test("when nothing was asked for", async () => {
    writeFileSync(bundle, "");
    expect(codeOf(await install())).toBe("CREDENTIALS_MISSING");
  });

  test("for another user", async () => {
    await enrol();
    must(await requestUser(home, bob, noon));
    expect(await install(bob)).toMatchObject(refused(/not for the user bob/));
  });

  test("for another key", async () => {
    await enrol();
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    writeFileSync(userCredentials(home, alice).key, privateKey.export({ type: "pkcs8", format: "pem" }));
    expect(await install()).toMatchObject(refused(/another key/));
  });

  test("for another recipient", async () => {
    await enrol();
    must(await requestUser(home, bob, noon));
    copyFileSync(identityPath(home, bob), identityPath(home, alice));
    expect(await install()).toMatchObject(refused(/another age recipient/));
  });

  test("from another CA than the one that she belongs to", async () => {
    await enrol();
    must(await install());
    const installed = readFileSync(userCredentials(home, alice).certificate, "utf8");
    const rogue = dataFolder();
    must(await initCluster(rogue, threeRemote, noon));
    const { path } = must(await requestUser(home, alice, noon));
    writeFileSync(bundle, must(await signUserRequest(rogue, alice, path, noon)).bundlePem);
    expect(await install()).toMatchObject(refused(/another CA/));
    expect(readFileSync(userCredentials(home, alice).certificate, "utf8")).toBe(installed);
  });

  test("whose CA was exchanged on the way", async () => {
    const { signed } = await enrol();
    const rogue = dataFolder();
    must(await initCluster(rogue, threeRemote, noon));
    const [certificate] = signed.bundlePem.split(/(?=-----BEGIN )/);
    writeFileSync(bundle, certificate + readFileSync(join(rogue, "pki", "ca.pem"), "utf8"));
    expect(await install()).toMatchObject(refused(/did not sign/));
  });

  test("that is cut off, has the CA alone, or more than two certificates", async () => {
    const { signed } = await enrol();
    const ca = readFileSync(join(office, "pki", "ca.pem"), "utf8");
    for (const text of [signed.bundlePem.slice(0, 900), ca, signed.bundlePem + ca, ""]) {
      writeFileSync(bundle, text);
      expect(await install()).toMatchObject(refused(/not a certificate and its CA/));
    }
    expect(existsSync(userCredentials(home, alice).certificate)).toBe(false);
  });

  test("that ran out meanwhile", async () => {
    await enrol();
    expect(codeOf(await installUser(home, alice, bundle, later(800)))).toBe("CREDENTIALS_EXPIRED");
  });
});

test("a data folder may be copied whole, and everything in it goes on working", async () => {
  await enrol();
  must(await installUser(home, alice, bundle, noon));
  expect(codeOf(await loadUser(copyOf(home), alice, noon))).toBe("none");
});
