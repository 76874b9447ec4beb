import { execFileSync } from "node:child_process";
import { createPublicKey, sign } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeAuthority } from "../../../../core/io/pki/authority.ts";
import { newestOf, readRevocations, signRevocations } from "../../../../core/io/pki/revocation-list.ts";
import { type UserName, userNameOf } from "../../../../core/model/ids.ts";
import { revocationsBytesMax, revokedLineBytesMax, usersMax } from "../../../../core/model/limits.ts";
import { type WallMs, wallMs } from "../../../../core/model/units.ts";
import { because, needs } from "../../../support/skip.ts";
import { dataFolder, noon } from "./fixtures.ts";

const authority = await makeAuthority(noon);
const { cluster, certificatePem: ca } = authority;
const users = new Map<UserName, WallMs>([
  [userNameOf("bob"), wallMs(noon + 1_000)],
  [userNameOf("alice"), noon],
]);
const list = signRevocations(authority, 7, users);
const text = Buffer.from(list.bytes).toString();
const body = text.slice(0, text.indexOf("signature "));
/** What the CA would have signed had it been careless. */
const signedAs = (words: string): Uint8Array =>
  Buffer.from(
    `${words}signature ${sign("sha256", Buffer.from(words), authority.keyPem).toString("base64")}\n`,
  );

/** The CA that signed the list in docs/protocol.md; its key is forgotten. */
const shownCa = `-----BEGIN CERTIFICATE-----
MIICGjCCAcCgAwIBAgIQXTurCctoruxBU/9Z34bXRjAKBggqhkjOPQQDAjBJMRww
GgYDVQQDExNkaXN0aW5zdGEgYXV0aG9yaXR5MSkwJwYDVQQKEyBkZDVjMjNhOTJl
ODQ0ODUzZTM0NTBhMTU1MzIzM2UyYTAeFw0yNjExMjIxMTAwMDBaFw0zNjExMjIx
MjAwMDBaMEkxHDAaBgNVBAMTE2Rpc3RpbnN0YSBhdXRob3JpdHkxKTAnBgNVBAoT
IGRkNWMyM2E5MmU4NDQ4NTNlMzQ1MGExNTUzMjMzZTJhMFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEQgLbgk+HD71AvC94BAFcPlip6WxPm+Wdx8tPv+WkZws7qaEr
7B5yfvGi5ZytYtWl9tn2EXaShd08RLNQBueBg6OBiTCBhjASBgNVHRMBAf8ECDAG
AQH/AgEAMA4GA1UdDwEB/wQEAwIBBjBBBgNVHREEOjA4hjZkaXN0aW5zdGE6Ly9k
ZDVjMjNhOTJlODQ0ODUzZTM0NTBhMTU1MzIzM2UyYS9hdXRob3JpdHkwHQYDVR0O
BBYEFCV+U7EtVC75qteth+56Tz/0IFehMAoGCCqGSM49BAMCA0gAMEUCIDxmzv+Y
TDNKoiytDaIAokjAj5C2Rwz9EetxMqMGkYouAiEAqqR8EuZkLgjq5yYauH/Tnj40
/dCF5qPMe7pkvo1jeB0=
-----END CERTIFICATE-----
`;

test("the list that docs/protocol.md shows is one, and says what stands there", () => {
  const page = readFileSync(new URL("../../../../docs/protocol.md", import.meta.url), "utf8");
  const shown = /```revocations\n(.*?)```/s.exec(page)?.[1] ?? "";
  expect(readRevocations(Buffer.from(shown), shownCa)).toMatchObject({
    number: 2,
    users: new Map([
      ["alice", Date.UTC(2026, 10, 26, 5)],
      ["bob", Date.UTC(2026, 10, 20, 11, 31, 7)],
    ]),
  });
  expect(readRevocations(Buffer.from(shown.replace("05:00:00", "06:00:00")), shownCa)).toBeNull();
});

describe("a signed list", () => {
  test("is lines that a person can read, by ascending name", () => {
    expect(body).toBe(
      `distinsta revocations 1\ncluster ${cluster}\nnumber 7\nuser alice 2026-11-22T12:00:00Z\nuser bob 2026-11-22T12:00:01Z\n`,
    );
    expect(text.slice(body.length)).toMatch(/^signature [A-Za-z0-9+/]+=*\n$/);
  });

  test("says the same wherever it is read", () => {
    const read = readRevocations(list.bytes, ca);
    expect(read).toMatchObject({ cluster, number: 7, digest: list.digest });
    expect([...(read?.users ?? [])].sort()).toEqual([...users].sort());
    expect(readRevocations(signRevocations(authority, 1, new Map()).bytes, ca)).toMatchObject({ number: 1 });
  });

  const lack = needs("openssl");
  test.skipIf(lack !== null)(`is checked by any tool that knows ECDSA${because(lack)}`, () => {
    const folder = dataFolder();
    const paths = ["key.pem", "body", "signature"].map((name) => join(folder, name));
    const [key = "", signed = "", signature = ""] = paths;
    writeFileSync(key, createPublicKey(ca).export({ type: "spki", format: "pem" }));
    writeFileSync(signed, body);
    writeFileSync(signature, Buffer.from(text.slice(body.length + "signature ".length), "base64"));
    const said = execFileSync("openssl", [
      "dgst",
      "-sha256",
      "-verify",
      key,
      "-signature",
      signature,
      signed,
    ]);
    expect(said.toString()).toContain("Verified OK");
  });

  test("is none when one byte of it is another, anything is missing, or more follows", () => {
    for (let at = 0; at < list.bytes.length; at++) {
      const altered = Uint8Array.from(list.bytes);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(readRevocations(altered, ca), `byte ${at}`).toBeNull();
    }
    for (const cut of [0, 1, body.length, list.bytes.length - 1])
      expect(readRevocations(list.bytes.subarray(0, cut), ca), `${cut} bytes`).toBeNull();
    expect(readRevocations(Buffer.from(`${text}\n`), ca)).toBeNull();
    expect(readRevocations(Buffer.from(`${text}${text}`), ca)).toBeNull();
  });

  test("is none when bits of its signature's last letter that say nothing are not zero", () => {
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const lengths = new Set<number>();
    // A signature is 70 to 72 bytes long, each of the three often enough; of three lengths two leave bits over.
    for (let number = 1; number <= 100; number++) {
      const { bytes } = signRevocations(authority, number, users);
      const words = Buffer.from(bytes).toString("latin1");
      const [, before = "", last = "", padding = ""] =
        /^([\s\S]*)([A-Za-z0-9+/])(={0,2}\n)$/.exec(words) ?? [];
      if (!padding.startsWith("=")) continue;
      lengths.add(padding.length);
      const next = alphabet.charAt(alphabet.indexOf(last) + 1);
      expect(readRevocations(Buffer.from(`${before}${next}${padding}`), ca)).toBeNull();
    }
    expect(lengths).toEqual(new Set([2, 3]));
  });

  test("is none when another CA signed it, also one that bears this cluster's name", async () => {
    const other = await makeAuthority(noon);
    expect(readRevocations(signRevocations({ ...other, cluster }, 8, users).bytes, ca)).toBeNull();
    expect(
      readRevocations(signRevocations({ ...authority, cluster: other.cluster }, 8, users).bytes, ca),
    ).toBeNull();
  });

  test("has one form only, even when the CA itself signed another", () => {
    expect(readRevocations(signedAs(body), ca)).not.toBeNull();
    for (const [what, words] of Object.entries({
      "another version": body.replace("revocations 1", "revocations 2"),
      "number 0": body.replace("number 7", "number 0"),
      "a number with a zero before it": body.replace("number 7", "number 07"),
      "names out of order": body.replace(/(user alice .*\n)(user bob .*\n)/, "$2$1"),
      "a name twice": body.replace("user bob", "user alice"),
      "what is no name": body.replace("user bob", "user Bob"),
      "no such day": body.replace("11-22T12:00:01", "02-31T12:00:01"),
      "another role": body.replace("user bob", "node bob"),
      "an empty line": `${body}\n`,
      "a line without its end": body.slice(0, -1),
    }))
      expect(readRevocations(signedAs(words), ca), what).toBeNull();
  });

  test("names as many as there can be within its bound, and no more", () => {
    const named = (count: number): Map<UserName, WallMs> =>
      new Map(Array.from({ length: count }, (_, n) => [userNameOf(String(n).padStart(32, "u")), noon]));
    const full = signRevocations(authority, 1, named(usersMax));
    expect(full.bytes.length).toBeLessThanOrEqual(revocationsBytesMax);
    expect(full.bytes.length).toBeLessThanOrEqual(usersMax * revokedLineBytesMax + 1_024);
    expect(readRevocations(full.bytes, ca)?.users.size).toBe(usersMax);
    expect(readRevocations(signRevocations(authority, 1, named(usersMax + 1)).bytes, ca)).toBeNull();
    expect(readRevocations(new Uint8Array(revocationsBytesMax + 1), ca)).toBeNull();
  });
});

test("of two lists the higher number counts; of two that share it, the same one everywhere", () => {
  const later = signRevocations(authority, 8, new Map());
  const twin = signRevocations(authority, 7, new Map());
  expect(newestOf([null, list, later, null])?.number).toBe(8);
  expect(newestOf([later, list])).toBe(later);
  expect(newestOf([list, twin])).toBe(newestOf([twin, list]));
  expect(newestOf([null])).toBeNull();
  expect(newestOf([])).toBeNull();
});
