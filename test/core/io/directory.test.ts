import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createDirectory, type DirectoryParts, openDirectory } from "../../../core/io/directory.ts";
import { certify, makeAuthority, makeKey, publicKeyOf } from "../../../core/io/pki/authority.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { parseCertificate } from "../../../core/io/pki/credentials.ts";
import { bad, fault, good } from "../../../core/model/faults.ts";
import { userNameOf } from "../../../core/model/ids.ts";
import { certificateBytesMax, usersMax } from "../../../core/model/limits.ts";
import { type WallMs, wallMs } from "../../../core/model/units.ts";
import { makeIdentity } from "../../../core/seal/identity.ts";
import { testFolder } from "../../support/folders.ts";
import { later, noon } from "./pki/fixtures.ts";

/** Certificates of which the first byte says who, the second when; 255 is nobody. */
const judge: DirectoryParts["judge"] = ([who = 255, when = 0]) =>
  who === 255 ? null : { name: userNameOf(`user${who}`), madeAt: wallMs(when) };
const directory = (parts: Partial<DirectoryParts> = {}) =>
  createDirectory({ judge, save: () => good(undefined), remove: () => undefined, kept: [], ...parts });
const card = (who: number, when: number, more = 0): Uint8Array => new Uint8Array([who, when, more]);
const user = (who: number) => userNameOf(`user${who}`);

describe("a directory", () => {
  test("keeps of everybody what was made last, in whatever order it comes, as all others do", () => {
    const cards = fc.array(fc.tuple(fc.nat(3), fc.nat(2), fc.nat(2)).map((all) => card(...all)));
    fc.assert(
      fc.property(cards, fc.infiniteStream(fc.nat()), (all, order) => {
        const [one, other] = [directory(), directory()];
        for (const each of all) one.enter(each);
        for (const each of all.toSorted(() => ((order.next().value ?? 0) % 3) - 1)) other.enter(each);
        for (const each of all) other.enter(each);
        expect(other.page(null, 10)).toEqual(one.page(null, 10));
        expect(other.digest).toBe(one.digest);
        for (const who of [0, 1, 2, 3]) {
          const latest = all.filter((each) => each[0] === who).sort((a, b) => Buffer.compare(b, a))[0];
          expect(one.find(user(who))).toEqual(latest ?? null);
        }
      }),
    );
  });

  test("has another digest when it knows anything else", () => {
    const one = directory();
    const digests = new Set([one.digest]);
    for (const each of [card(1, 1), card(2, 1), card(1, 2)]) {
      expect(one.enter(each)).toBe(true);
      digests.add(one.digest);
    }
    expect(digests.size).toBe(4);
    expect(one.enter(card(1, 1))).toBe(false);
    expect(one.enter(card(1, 2))).toBe(true);
    expect(digests.has(one.digest)).toBe(true);
  });

  test("shows names in order, page by page", () => {
    const one = directory();
    for (const who of [3, 1, 2]) one.enter(card(who, 1));
    const first = one.page(null, 2);
    expect(first.users.map(({ name }) => name)).toEqual([user(1), user(2)]);
    expect(first.more).toBe(true);
    expect(one.page(user(2), 2)).toMatchObject({ users: [{ name: user(3) }], more: false });
  });

  test("takes nothing that is nobody's, too long, or one too many", () => {
    const one = directory({ kept: [card(255, 1)] });
    expect(one.enter(card(255, 1))).toBe(false);
    const long = new Uint8Array(certificateBytesMax + 1);
    expect(one.enter(long)).toBe(false);
    expect(one.page(null, 10).users).toEqual([]);
    const named: DirectoryParts["judge"] = (bytes) => ({
      name: userNameOf(Buffer.from(bytes).toString()),
      madeAt: wallMs(1),
    });
    const many = directory({ judge: named });
    for (let n = 0; n < usersMax; n++) many.enter(Buffer.from(`user${n}`));
    expect(many.full).toBe(true);
    expect(many.enter(Buffer.from("late"))).toBe(false);
    expect(many.find(userNameOf("late"))).toBeNull();
  });

  test("saves each once, and once more when the disk had no room", () => {
    const saved: number[] = [];
    let full = true;
    const one = directory({
      save: (_, [who = 0]) => {
        saved.push(who);
        return full ? bad(fault("DISK_FULL", { path: "p", freeBytes: 0 })) : good(undefined);
      },
    });
    one.enter(card(1, 1));
    expect(one.find(user(1))).toEqual(card(1, 1));
    full = false;
    one.enter(card(1, 1));
    one.enter(card(1, 1));
    expect(saved).toEqual([1, 1]);
  });
});

test("a directory forgets who is nobody's any more, as if she had never come", () => {
  const removed: string[] = [];
  let gone = new Set<number>();
  const one = directory({
    judge: (bytes) => (gone.has(bytes[0] ?? 0) ? null : judge(bytes)),
    remove: (name) => {
      removed.push(name);
    },
    kept: [card(1, 1), card(3, 1)],
  });
  const without = one.digest;
  one.enter(card(2, 1));
  gone = new Set([2]);
  one.judgeAgain();
  expect(removed).toEqual(["user2"]);
  expect(one.find(user(2))).toBeNull();
  expect(one.digest).toBe(without);
  expect(one.enter(card(2, 1))).toBe(false);
  expect(one.page(null, 10).users.map(({ name }) => name)).toEqual(["user1", "user3"]);
});

describe("the directory of a node", () => {
  test("keeps users' certificates over a restart, and none but those that its own CA made", async () => {
    const [authority, other] = [await makeAuthority(noon), await makeAuthority(noon)];
    const { recipient } = await makeIdentity();
    const { cluster } = authority;
    const made = async (by: typeof authority, role: "user" | "operator", name: string, at = noon) => {
      const peer =
        role === "user"
          ? { role, cluster: by.cluster, name: userNameOf(name), recipient }
          : { role, cluster, name: userNameOf(name) };
      const pem = await certify(by, peer, publicKeyOf(makeKey()), at);
      return new Uint8Array(parseCertificate(pem)?.raw ?? []);
    };
    const folder = testFolder();
    const credentials = { caPem: authority.certificatePem } as Credentials;
    const open = () => openDirectory(folder, credentials, () => false);
    const [bob, renewed] = [
      await made(authority, "user", "bob"),
      await made(authority, "user", "bob", later(1)),
    ];
    const directory = open();
    expect(directory.enter(bob)).toBe(true);
    expect(directory.enter(await made(other, "user", "mallory"))).toBe(false);
    expect(directory.enter(await made(authority, "operator", "olga"))).toBe(false);
    expect(directory.enter(new Uint8Array([1, 2, 3]))).toBe(false);
    expect(Buffer.from(open().find(userNameOf("bob")) ?? []).equals(bob)).toBe(true);
    directory.enter(renewed);
    expect(directory.enter(bob)).toBe(false);
    writeFileSync(join(folder, "users", "eve.pem"), "nothing");
    const again = open();
    expect(Buffer.from(again.find(userNameOf("bob")) ?? []).equals(renewed)).toBe(true);
    expect(again.digest).toBe(directory.digest);
    for (const name of ["mallory", "olga", "eve"]) expect(again.find(userNameOf(name))).toBeNull();
    expect(existsSync(join(folder, "users", "mallory.pem"))).toBe(false);
    // One whose time is over is kept: that it is over is said to whoever asks.
    const expired = await made(authority, "user", "zoe", wallMs(noon - 3 * 365 * 86_400_000));
    expect(again.enter(expired)).toBe(true);
  });

  test("keeps nobody who is revoked, also not on disk", async () => {
    const authority = await makeAuthority(noon);
    const { recipient } = await makeIdentity();
    const bob = { role: "user", cluster: authority.cluster, name: userNameOf("bob"), recipient } as const;
    const made = async (at: WallMs) => {
      const pem = await certify(authority, bob, publicKeyOf(makeKey()), at);
      return new Uint8Array(parseCertificate(pem)?.raw ?? []);
    };
    const [old, anew] = [await made(noon), await made(later(2))];
    const folder = testFolder();
    let until = later(-1);
    const open = () =>
      openDirectory(
        folder,
        { caPem: authority.certificatePem } as Credentials,
        (name, madeAt) => name === "bob" && madeAt <= until,
      );
    const directory = open();
    expect(directory.enter(old)).toBe(true);
    const path = join(folder, "users", "bob.pem");
    expect(existsSync(path)).toBe(true);
    until = later(1);
    expect(open().find(userNameOf("bob"))).toBeNull();
    directory.judgeAgain();
    expect(existsSync(path)).toBe(false);
    expect(directory.enter(old)).toBe(false);
    expect(directory.enter(anew)).toBe(true);
    expect(existsSync(path)).toBe(true);
  });

  test("goes on in memory when there is no folder to keep it in", async () => {
    const authority = await makeAuthority(noon);
    const folder = join(testFolder(), "node");
    mkdirSync(folder);
    writeFileSync(join(folder, "users"), "in the way");
    const directory = openDirectory(folder, { caPem: authority.certificatePem } as Credentials, () => false);
    const { recipient } = await makeIdentity();
    const bob = { role: "user", cluster: authority.cluster, name: userNameOf("bob"), recipient } as const;
    const pem = await certify(authority, bob, publicKeyOf(makeKey()), noon);
    const certificate = new Uint8Array(parseCertificate(pem)?.raw ?? []);
    expect(directory.enter(certificate)).toBe(true);
    expect(directory.find(userNameOf("bob"))).toEqual(certificate);
    rmSync(join(folder, "users"));
  });
});
