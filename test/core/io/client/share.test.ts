import { describe, expect, test } from "vitest";
import { findUser, proven } from "../../../../core/io/client/share.ts";
import {
  type Authority,
  certify,
  makeAuthority,
  makeKey,
  publicKeyOf,
} from "../../../../core/io/pki/authority.ts";
import type { Credentials } from "../../../../core/io/pki/credentials.ts";
import { parseCertificate } from "../../../../core/io/pki/credentials.ts";
import { signRevocations } from "../../../../core/io/pki/revocation-list.ts";
import { type Fault, fault } from "../../../../core/model/faults.ts";
import { userNameOf } from "../../../../core/model/ids.ts";
import type { Message } from "../../../../core/model/messages.ts";
import { type WallMs, wallMs } from "../../../../core/model/units.ts";
import { makeIdentity } from "../../../../core/seal/identity.ts";
import { codeOf, later, noon } from "../pki/fixtures.ts";
import { FakeServers, lost, one, type Script, three, two } from "./fake-session.ts";

const bob = userNameOf("bob");
const authority = await makeAuthority(noon);
const [older, newer] = [(await makeIdentity()).recipient, (await makeIdentity()).recipient];

const certificateOf = async (
  name: string,
  recipient: string,
  at: WallMs = noon,
  by: Authority = authority,
): Promise<Uint8Array> => {
  const peer = { role: "user", cluster: by.cluster, name: userNameOf(name), recipient } as const;
  const pem = await certify(by, peer, publicKeyOf(makeKey()), at);
  return new Uint8Array(parseCertificate(pem)?.raw ?? []);
};
const reasonOf = (certificate: Uint8Array, now: WallMs = noon): string => {
  const person = proven(certificate, authority.certificatePem, bob, now);
  return person.ok ? "" : person.fault.code === "USER_DOUBTFUL" ? person.fault.reason : person.fault.code;
};

describe("a certificate that servers hand out", () => {
  test("tells to which recipient is sealed, when the cluster's CA says so", async () => {
    const person = proven(await certificateOf("bob", newer), authority.certificatePem, bob, noon);
    expect(person).toMatchObject({ ok: true, value: { recipient: newer } });
  });

  test("tells nothing when another CA made it, also one that bears the same name", async () => {
    const forger = { ...(await makeAuthority(noon)), cluster: authority.cluster };
    expect(reasonOf(await certificateOf("bob", newer, noon, forger))).toContain("did not sign");
  });

  test("nor that of somebody else, of a node, one whose time is over or not yet come, or noise", async () => {
    expect(reasonOf(await certificateOf("mallory", newer))).toContain("the certificate of user mallory");
    const operator = { role: "operator", cluster: authority.cluster, name: bob } as const;
    const pem = await certify(authority, operator, publicKeyOf(makeKey()), noon);
    expect(reasonOf(new Uint8Array(parseCertificate(pem)?.raw ?? []))).toContain("operator bob");
    const certificate = await certificateOf("bob", newer);
    expect(reasonOf(certificate, later(800))).toContain("ran out on");
    expect(reasonOf(certificate, later(-2))).toContain("valid only from");
    expect(reasonOf(new Uint8Array([1, 2, 3]))).toContain("no certificate");
    const altered = Uint8Array.from(certificate);
    altered.set([(altered.at(-1) ?? 0) ^ 1], altered.length - 1);
    expect(reasonOf(altered)).toContain("did not sign");
  });
});

describe("asking the servers for a user", () => {
  type Says = (request: Message) => Message | Fault;
  /** What a server answers to both questions. `list`: of the revoked. */
  const saying =
    (user: Message | Fault, list: Uint8Array | null = null): Says =>
    (request) =>
      request.kind === "revocations" ? { kind: "revocations.known", list } : user;
  const says = (certificate: Uint8Array, list: Uint8Array | null = null): Says =>
    saying({ kind: "user.found", certificate }, list);
  const unknown = saying(fault("USER_NOT_FOUND", { name: "bob" }));
  const ask = (scripts: Readonly<Record<number, Script>>) => {
    const { session } = new FakeServers(scripts);
    const credentials = { ...session.credentials, caPem: authority.certificatePem } as Credentials;
    return findUser({ ...session, credentials }, bob);
  };
  const now = wallMs(Date.now());

  test("takes the certificate that was made last, whatever the others say", async () => {
    const [first, last] = [
      await certificateOf("bob", older, wallMs(now - 86_400_000)),
      await certificateOf("bob", newer, now),
    ];
    const forged = await certificateOf("bob", older, now, {
      ...(await makeAuthority(now)),
      cluster: authority.cluster,
    });
    for (const scripts of [
      { 1: says(first), 2: says(last), 3: unknown },
      { 1: says(last), 2: says(forged), 3: says(first) },
      { 1: lost(one), 2: unknown, 3: says(last) },
      { 1: says(first), 2: says(first), 3: says(last) },
    ])
      expect(await ask(scripts)).toMatchObject({ ok: true, value: { recipient: newer } });
  });

  test("takes no certificate that the newest list names, whoever hands it out, and whoever has the list", async () => {
    const day = 86_400_000;
    const [old, anew] = [
      await certificateOf("bob", older, wallMs(now - 2 * day)),
      await certificateOf("bob", newer, now),
    ];
    const until = (number: number, at: number): Uint8Array =>
      signRevocations(authority, number, new Map([[bob, wallMs(at)]])).bytes;
    const list = until(2, now - day);
    const forged = signRevocations(
      { ...(await makeAuthority(noon)), cluster: authority.cluster },
      9,
      new Map([[bob, now]]),
    ).bytes;
    const day1 = new Date(now - day).toISOString().slice(0, 10);
    const refused = {
      fault: { code: "USER_DOUBTFUL", reason: expect.stringContaining(`revoked on ${day1}`) },
    };
    const missing = fault("USER_NOT_FOUND", { name: "bob" });
    expect(await ask({ 1: says(old), 2: says(old), 3: says(old, list) })).toMatchObject(refused);
    expect(await ask({ 1: says(old, list), 2: lost(two), 3: unknown })).toMatchObject(refused);
    // Servers that know the list give nothing out any more; that is not the same as never having heard of him.
    expect(await ask({ 1: saying(missing, list), 2: unknown, 3: unknown })).toMatchObject(refused);
    const good = { ok: true, value: { recipient: newer } };
    expect(await ask({ 1: says(old, list), 2: says(anew, list), 3: unknown })).toMatchObject(good);
    // An older list, and one that the CA did not sign, say nothing.
    expect(await ask({ 1: says(anew, until(1, now + day)), 2: says(anew, list), 3: unknown })).toMatchObject(
      good,
    );
    expect(await ask({ 1: says(anew, forged), 2: says(anew), 3: unknown })).toMatchObject(good);
  });

  test("says what is wrong: nobody knows her, what is known proves nothing, nobody answers", async () => {
    const forged = await certificateOf("bob", older, now, await makeAuthority(now));
    expect(codeOf(await ask({ 1: unknown, 2: lost(one), 3: unknown }))).toBe("USER_NOT_FOUND");
    expect(codeOf(await ask({ 1: unknown, 2: says(forged), 3: unknown }))).toBe("USER_DOUBTFUL");
    expect(codeOf(await ask({ 1: lost(one), 2: lost(two), 3: lost(three) }))).toBe("NO_SERVER");
  });
});
