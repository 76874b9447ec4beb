import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Authority, makeAuthority } from "../../../../core/io/pki/authority.ts";
import { madeAtOf, parseCertificate } from "../../../../core/io/pki/credentials.ts";
import { requestUser, signUserRequest } from "../../../../core/io/pki/enrol.ts";
import { establishAuthority, loadAuthority } from "../../../../core/io/pki/keep.ts";
import { givenAt, listUsers, shutOut } from "../../../../core/io/pki/ledger.ts";
import { ensureLocalPki, ensureLocalUser } from "../../../../core/io/pki/local.ts";
import { signRevocations } from "../../../../core/io/pki/revocation-list.ts";
import { type KnownOfUser, ownRevocations, revokeUser } from "../../../../core/io/pki/revoke.ts";
import { addUser, loadUser } from "../../../../core/io/pki/users.ts";
import { userNameOf } from "../../../../core/model/ids.ts";
import { type WallMs, wallMs } from "../../../../core/model/units.ts";
import { codeOf, dataFolder, must, noon, threeLocal } from "./fixtures.ts";

const [alice, bob] = [userNameOf("alice"), userNameOf("bob")];
const nothing: KnownOfUser = { lists: [], madeAt: [] };
const at = (seconds: number): WallMs => wallMs(noon + seconds * 1_000);

let data: string;
let authority: Authority;
beforeEach(async () => {
  data = dataFolder();
  await establishAuthority(data, noon);
  authority = must(loadAuthority(data, noon));
});

const revoke = (name = alice, now: WallMs = at(10), elsewhere: KnownOfUser = nothing) =>
  revokeUser(
    data,
    authority,
    name,
    { lists: elsewhere.lists, madeAt: [...elsewhere.madeAt, ...givenAt(data, name)] },
    now,
  );
const madeAt = (of: string): WallMs => {
  const pem = readFileSync(join(of, "certificate.pem"), "utf8");
  const certificate = parseCertificate(pem);
  if (certificate === null) throw new Error("no certificate");
  return madeAtOf(certificate);
};
const folderOf = (name = alice): string => join(data, "users", name);

describe("revoking a user", () => {
  test("covers every certificate that was made for her until then, however quickly one follows the other", async () => {
    must(await addUser(data, alice, wallMs(noon + 700)));
    const { list, until, state } = must(revoke(alice, wallMs(noon + 900)));
    expect([list.number, until, state]).toEqual([1, noon, "made"]);
    expect(madeAt(folderOf())).toBe(noon);
    expect(shutOut(data, authority, alice)).toBe(noon);
    must(await addUser(data, alice, wallMs(noon + 950)));
    expect(madeAt(folderOf())).toBe(at(1));
    expect(shutOut(data, authority, alice)).toBeNull();
  });

  test("again changes nothing, until she was given a new certificate", async () => {
    must(await addUser(data, alice, noon));
    const first = must(revoke());
    const again = must(revoke(alice, at(20)));
    expect(again).toMatchObject({ state: "kept", until: first.until });
    expect(again.list.bytes).toEqual(first.list.bytes);
    must(await addUser(data, alice, at(30)));
    expect(must(revoke(alice, at(40)))).toMatchObject({ state: "made", until: at(40), list: { number: 2 } });
  });

  test("keeps whoever was revoked before", async () => {
    for (const name of [alice, bob]) must(await addUser(data, name, noon));
    must(revoke(alice, at(1)));
    const { list } = must(revoke(bob, at(2)));
    expect([...list.users]).toEqual([
      [alice, at(1)],
      [bob, at(2)],
    ]);
  });

  test("covers what a clock that ran ahead has made", async () => {
    must(await addUser(data, alice, at(9_000)));
    expect(must(revoke(alice, at(10))).until).toBe(at(9_000));
    expect(must(revoke(bob, at(10), { lists: [], madeAt: [at(70)] })).until).toBe(at(70));
  });

  test("covers a certificate that lies here and was not noted before a crash", async () => {
    must(await addUser(data, alice, noon));
    must(revoke(alice, at(10)));
    const noted = readFileSync(join(data, "pki/users/alice.pem"));
    must(await addUser(data, alice, at(20)));
    writeFileSync(join(data, "pki/users/alice.pem"), noted);
    expect(must(revoke(alice, at(30)))).toMatchObject({ state: "made", until: at(30) });
  });

  test("of whom neither the CA nor a node has heard is refused, and nothing is written", () => {
    expect(codeOf(revoke(bob))).toBe("USER_UNKNOWN");
    expect(ownRevocations(data, authority.certificatePem)).toBeNull();
    expect(must(revoke(bob, at(10), { lists: [], madeAt: [noon] })).state).toBe("made");
  });
});

describe("the CA's lists", () => {
  test("take up what only nodes remember, under a number that is higher than all", async () => {
    must(await addUser(data, alice, noon));
    const theirs = signRevocations(authority, 5, new Map([[bob, at(3)]]));
    const { list } = must(revoke(alice, at(10), { lists: [theirs], madeAt: [] }));
    expect(list.number).toBe(6);
    expect(list.users.get(bob)).toBe(at(3));
    expect(ownRevocations(data, authority.certificatePem)?.number).toBe(6);
  });

  test("are taken from the nodes when theirs say all already", async () => {
    must(await addUser(data, alice, noon));
    const theirs = signRevocations(authority, 5, new Map([[alice, at(3)]]));
    const { list, state } = must(revoke(alice, at(10), { lists: [theirs], madeAt: [] }));
    expect(list.bytes).toEqual(theirs.bytes);
    expect(state).toBe("kept");
    expect(ownRevocations(data, authority.certificatePem)?.number).toBe(5);
  });

  test("are believed only when this CA signed them, and one that cannot be read has had its number", async () => {
    must(await addUser(data, alice, noon));
    must(revoke());
    const folder = join(data, "pki", "revocations");
    const other = await makeAuthority(noon);
    const forged = signRevocations({ ...other, cluster: authority.cluster }, 7, new Map([[bob, noon]]));
    writeFileSync(join(folder, "7.txt"), forged.bytes);
    expect(ownRevocations(data, authority.certificatePem)?.number).toBe(1);
    must(await addUser(data, bob, noon));
    const { list } = must(revoke(bob, at(10)));
    expect([list.number, list.users.size]).toEqual([8, 2]);
  });

  test("are few on disk, however many were signed", async () => {
    must(await addUser(data, alice, noon));
    for (let n = 0; n < 12; n++) {
      must(revoke(alice, at(20 * n + 10)));
      must(await addUser(data, alice, at(20 * n + 20)));
    }
    expect(readdirSync(join(data, "pki", "revocations"))).toHaveLength(8);
    expect(ownRevocations(data, authority.certificatePem)?.number).toBe(12);
  });

  test("a number that another operator took meanwhile is not written over", async () => {
    for (const name of [alice, bob]) must(await addUser(data, name, noon));
    const theirs = signRevocations(authority, 1, new Map([[bob, at(3)]]));
    const folder = join(data, "pki", "revocations");
    mkdirSync(folder);
    writeFileSync(join(folder, "1.txt"), theirs.bytes);
    const { list } = must(revoke(alice, at(10)));
    expect([list.number, list.users.size]).toEqual([2, 2]);
    expect(readFileSync(join(folder, "1.txt"))).toEqual(Buffer.from(theirs.bytes));
  });

  test("that cannot be written are no revocation", async () => {
    must(await addUser(data, alice, noon));
    writeFileSync(join(data, "pki", "revocations"), "in the way");
    expect(codeOf(revoke())).toBe("FILE_UNWRITABLE");
  });
});

describe("a revoked user", () => {
  test("is let in again over a new key; her identity stays", async () => {
    const before = must(await addUser(data, alice, noon));
    must(revoke());
    const again = must(await addUser(data, alice, at(20)));
    expect(again.identity).toBe(before.identity);
    expect(again.credentials.keyPem).not.toBe(before.credentials.keyPem);
    expect(must(await loadUser(data, alice, at(20))).credentials.certificatePem).toBe(
      again.credentials.certificatePem,
    );
    expect(codeOf(await addUser(data, alice, at(30)))).toBe("USAGE");
  });

  test("gets no new identity by mistake, where hers is not", async () => {
    must(await addUser(data, alice, noon));
    must(revoke());
    rmSync(folderOf(), { recursive: true });
    expect(await addUser(data, alice, at(20))).toMatchObject({
      ok: false,
      fault: { code: "USAGE", hint: expect.stringContaining("--request FILE") },
    });
  });

  test("on another machine needs a new key: the old one may be somebody else's too", async () => {
    const home = dataFolder();
    const path = join(data, "old-request.pem");
    copyFileSync(must(await requestUser(home, alice, noon)).path, path);
    must(await signUserRequest(data, alice, path, noon));
    must(revoke());
    expect(await signUserRequest(data, alice, path, at(20))).toMatchObject({
      ok: false,
      fault: { code: "USAGE", hint: expect.stringContaining("remove key.pem") },
    });
    rmSync(join(home, "users", "alice", "key.pem"));
    const again = must(await requestUser(home, alice, at(20)));
    const signed = must(await signUserRequest(data, alice, again.path, at(20)));
    expect(signed.recipient).toBe(again.recipient);
    expect(shutOut(data, authority, alice)).toBeNull();
    expect(codeOf(await signUserRequest(data, alice, path, at(30)))).toBe("USAGE");
  });

  test("is listed as such, also when the note of her certificate is gone", async () => {
    for (const name of [alice, bob]) must(await addUser(data, name, noon));
    must(revoke(alice, at(10)));
    const listed = () => must(listUsers(data, noon)).map(({ name, revokedAt }) => [name, revokedAt]);
    expect(listed()).toEqual([
      ["alice", at(10)],
      ["bob", null],
    ]);
    rmSync(join(data, "pki", "users", "alice.pem"));
    expect(listed()[0]).toEqual(["alice", at(10)]);
    expect(must(listUsers(data, noon))[0]).toMatchObject({ recipient: null, validUntil: null });
    must(await addUser(data, bob, noon).then(() => revoke(bob, at(20))));
    must(await addUser(data, bob, at(30)));
    expect(listed()[1]).toEqual(["bob", null]);
  });

  test("on loopback is not made again by herself, not even after her folder is gone", async () => {
    const local = dataFolder();
    must(await ensureLocalPki(local, threeLocal, noon));
    must(await ensureLocalUser(local, threeLocal, alice, noon));
    const ca = must(loadAuthority(local, noon));
    must(revokeUser(local, ca, alice, { lists: [], madeAt: [noon] }, at(10)));
    const refused = await ensureLocalUser(local, threeLocal, alice, at(20));
    expect(refused).toMatchObject({
      fault: { code: "CREDENTIALS_REVOKED", name: "alice", since: "2026-11-22" },
    });
    expect(JSON.stringify(refused)).toContain("user add alice --data");
    rmSync(join(local, "users", "alice"), { recursive: true });
    rmSync(join(local, "pki", "users", "alice.pem"));
    expect(codeOf(await ensureLocalUser(local, threeLocal, alice, at(20)))).toBe("CREDENTIALS_REVOKED");
    must(await addUser(local, alice, at(30)));
    must(await ensureLocalUser(local, threeLocal, alice, at(40)));
  });
});
