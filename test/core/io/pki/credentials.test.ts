import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { makeKey } from "../../../../core/io/pki/authority.ts";
import { loadCredentials } from "../../../../core/io/pki/credentials.ts";
import { loadAuthority } from "../../../../core/io/pki/keep.ts";
import { ensureLocalPki, ensureLocalUser } from "../../../../core/io/pki/local.ts";
import {
  type CredentialPaths,
  nodeCredentials,
  operatorCredentials,
  userCredentials,
} from "../../../../core/io/pki/places.ts";
import { nodeId, userNameOf } from "../../../../core/model/ids.ts";
import { certificateNaming, dataFolder, later, must, noon, threeLocal } from "./fixtures.ts";

const alice = userNameOf("alice");
let data: string;
let paths: CredentialPaths;
beforeEach(async () => {
  data = dataFolder();
  must(await ensureLocalPki(data, threeLocal, noon));
  must(await ensureLocalUser(data, threeLocal, alice, noon));
  paths = nodeCredentials(data, nodeId(1));
});

const load = (now = noon) => loadCredentials(paths, now);
const refused = (path: string, reason: RegExp) => ({
  ok: false,
  fault: { code: "CREDENTIALS_INVALID", path, reason: expect.stringMatching(reason) },
});

test("good credentials are the three texts and whom they speak for", () => {
  const credentials = must(load());
  expect(credentials.certificatePem).toBe(readFileSync(paths.certificate, "utf8"));
  expect(credentials.keyPem).toBe(readFileSync(paths.key, "utf8"));
  expect(credentials.caPem).toBe(readFileSync(join(data, "pki", "ca.pem"), "utf8"));
  expect(credentials.peer).toMatchObject({ role: "node", id: 1 });
});

describe("a missing file names itself and the command that makes it", () => {
  test.each(["certificate", "key", "ca"] as const)("%s", (which) => {
    rmSync(paths[which]);
    expect(load()).toMatchObject({
      fault: { code: "CREDENTIALS_MISSING", path: paths[which], command: `distinsta init --data ${data}` },
    });
  });

  test("on a machine without the CA the command says where to go", () => {
    const elsewhere = dataFolder();
    expect(nodeCredentials(elsewhere, nodeId(2)).command).toMatch(
      /^distinsta init .*copy certificates\/node2/,
    );
    expect(operatorCredentials(elsewhere).command).toMatch(/copy operators\/operator here/);
    expect(userCredentials(elsewhere, alice).command).toBe(
      `distinsta user request alice --data ${elsewhere}`,
    );
  });

  test("where the CA is kept, a user is added; a default data folder is not spelled out", () => {
    expect(userCredentials(data, alice).command).toBe(`distinsta user add alice --data ${data}`);
    expect(userCredentials("/it's here", alice).command).toBe(
      "distinsta user request alice --data '/it'\\''s here'",
    );
    expect(userCredentials(join(process.cwd(), ".distinsta"), alice).command).not.toContain("--data");
  });
});

describe("credentials that do not fit are refused with file and reason", () => {
  test("the key of another node", () => {
    copyFileSync(nodeCredentials(data, nodeId(2)).key, paths.key);
    expect(load()).toMatchObject(refused(paths.key, /not the key of the certificate/));
  });

  test("the certificate and key of another node", () => {
    for (const file of ["key", "certificate"] as const)
      copyFileSync(nodeCredentials(data, nodeId(2))[file], paths[file]);
    expect(load()).toMatchObject(refused(paths.certificate, /of node 2, not of node 1/));
  });

  test("a user's certificate in a node's place", () => {
    for (const file of ["key", "certificate"] as const)
      copyFileSync(userCredentials(data, alice)[file], paths[file]);
    expect(load()).toMatchObject(refused(paths.certificate, /of user alice, not of node 1/));
  });

  test("an operator's certificate in the place of a user of the same name", async () => {
    const user = userCredentials(data, alice);
    const authority = must(loadAuthority(data, noon));
    const names = [{ type: "url" as const, value: `distinsta://${authority.cluster}/operator/alice` }];
    const { pem, keyPem } = await certificateNaming(authority, names);
    writeFileSync(user.certificate, pem);
    writeFileSync(user.key, keyPem);
    expect(loadCredentials(user, noon)).toMatchObject(
      refused(user.certificate, /operator alice, not of user alice/),
    );
  });

  test("a certificate that its own CA signed for another cluster", async () => {
    const authority = must(loadAuthority(data, noon));
    const names = [{ type: "url" as const, value: `distinsta://${"0".repeat(32)}/node/1` }];
    const { pem, keyPem } = await certificateNaming(authority, names);
    writeFileSync(paths.certificate, pem);
    writeFileSync(paths.key, keyPem);
    expect(load()).toMatchObject(refused(paths.certificate, /another cluster/));
  });

  test("a certificate that names nobody", async () => {
    const { pem, keyPem } = await certificateNaming(must(loadAuthority(data, noon)), []);
    writeFileSync(paths.certificate, pem);
    writeFileSync(paths.key, keyPem);
    expect(load()).toMatchObject(refused(paths.certificate, /names no node, user or operator/));
  });

  test("the CA of another cluster", async () => {
    const other = dataFolder();
    must(await ensureLocalPki(other, threeLocal, noon));
    copyFileSync(join(other, "pki", "ca.pem"), paths.ca);
    expect(load()).toMatchObject(refused(paths.certificate, /did not sign/));
  });

  test("a certificate that bears the CA's name and not its signature, or its signature and not its name", async () => {
    const authority = must(loadAuthority(data, noon));
    const names = [{ type: "url" as const, value: `distinsta://${authority.cluster}/node/1` }];
    const node = { ...authority, certificatePem: readFileSync(paths.certificate, "utf8") };
    for (const forger of [{ ...authority, keyPem: makeKey() }, node]) {
      const { pem, keyPem } = await certificateNaming(forger, names);
      writeFileSync(paths.certificate, pem);
      writeFileSync(paths.key, keyPem);
      expect(load()).toMatchObject(refused(paths.certificate, /did not sign/));
    }
  });

  test("a CA that may sign nothing", async () => {
    const authority = must(loadAuthority(data, noon));
    const url = (path: string) => [
      { type: "url" as const, value: `distinsta://${authority.cluster}/${path}` },
    ];
    const poser = await certificateNaming(authority, url("authority"));
    const forger = { ...authority, certificatePem: poser.pem, keyPem: poser.keyPem };
    const { pem, keyPem } = await certificateNaming(forger, url("node/1"));
    writeFileSync(paths.ca, poser.pem);
    writeFileSync(paths.certificate, pem);
    writeFileSync(paths.key, keyPem);
    expect(load()).toMatchObject(refused(paths.certificate, /did not sign/));
  });

  test("a certificate that is its own CA", () => {
    copyFileSync(paths.certificate, paths.ca);
    expect(load()).toMatchObject(refused(paths.certificate, /did not sign/));
  });

  test("two certificates in one file", () => {
    writeFileSync(paths.ca, readFileSync(paths.ca, "utf8").repeat(2));
    expect(load()).toMatchObject(refused(paths.ca, /not one certificate/));
  });

  test.each(["certificate", "key", "ca"] as const)(
    "a %s that was cut off, and nothing of it is repeated",
    (which) => {
      const whole = readFileSync(paths[which], "utf8");
      writeFileSync(paths[which], whole.slice(0, whole.length / 2));
      const result = load();
      expect(result).toMatchObject(refused(paths[which], /in PEM/));
      expect(JSON.stringify(result)).not.toContain(whole.split("\n")[1]);
    },
  );

  test("an empty file, a folder, and one far too large", () => {
    writeFileSync(paths.key, "");
    expect(load()).toMatchObject(refused(paths.key, /not a private key/));
    writeFileSync(paths.key, "x".repeat(20_000));
    expect(load()).toMatchObject(refused(paths.key, /20000 bytes/));
    rmSync(paths.key);
    mkdirSync(paths.key);
    expect(load()).toMatchObject(refused(paths.key, /not a file/));
  });
});

describe("time", () => {
  test("a certificate that ran out says whose and since when", () => {
    expect(load(later(732))).toMatchObject({
      fault: { code: "CREDENTIALS_EXPIRED", who: "node 1", since: "2028-11-22" },
    });
  });

  test("a clock that is behind by less than an hour is borne, a day is named as what it is", () => {
    expect(load(later(-0.04)).ok).toBe(true);
    expect(load(later(-1))).toMatchObject(refused(paths.certificate, /check this machine's clock/));
  });
});
