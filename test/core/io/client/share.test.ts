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
import { fault } from "../../../../core/model/faults.ts";
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
  const says = (certificate: Uint8Array) => (): Message => ({ kind: "user.found", certificate });
  const unknown = () => fault("USER_NOT_FOUND", { name: "bob" });
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

  test("says what is wrong: nobody knows her, what is known proves nothing, nobody answers", async () => {
    const forged = await certificateOf("bob", older, now, await makeAuthority(now));
    expect(codeOf(await ask({ 1: unknown, 2: lost(one), 3: unknown }))).toBe("USER_NOT_FOUND");
    expect(codeOf(await ask({ 1: unknown, 2: says(forged), 3: unknown }))).toBe("USER_DOUBTFUL");
    expect(codeOf(await ask({ 1: lost(one), 2: lost(two), 3: lost(three) }))).toBe("NO_SERVER");
  });
});
