import "../../../../core/io/pki/reflection.ts";
import { generateKeyPairSync, webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { beforeAll, describe, expect, test } from "vitest";
import { makeKey } from "../../../../core/io/pki/authority.ts";
import { makeRequest, readRequest } from "../../../../core/io/pki/request.ts";
import { userNameOf } from "../../../../core/model/ids.ts";
import { makeIdentity } from "../../../../core/seal/identity.ts";
import { codeOf, must, type Name } from "./fixtures.ts";

const alice = userNameOf("alice");
let recipient: string;
beforeAll(async () => {
  recipient = (await makeIdentity()).recipient;
});

const p256 = { name: "ECDSA", namedCurve: "P-256" };
const withNames = async (names: readonly Name[], algorithm = p256, isAlsoCa = false): Promise<string> => {
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: "CN=user alice",
    keys: await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]),
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions: [
      new SubjectAlternativeNameExtension([...names]),
      ...(isAlsoCa ? [new BasicConstraintsExtension(true)] : []),
    ],
  });
  return request.toString("pem");
};
const url = (value: string): Name => ({ type: "url", value });
const named = (name = "alice", to = recipient): readonly Name[] => [
  url(`distinsta-request:user/${name}`),
  url(`distinsta-recipient:${to}`),
];

test("a request says name, recipient and key", async () => {
  const request = must(await readRequest("file", await makeRequest(alice, recipient, makeKey())));
  expect(request).toMatchObject({ name: "alice", recipient });
  expect(request.publicKeyDer).toHaveLength(91);
  expect(codeOf(await readRequest("file", await withNames(named())))).toBe("none");
});

describe("a request is refused", () => {
  const refuses = async (pem: string, reason: RegExp): Promise<void> => {
    expect(await readRequest("file", pem)).toMatchObject({
      fault: { code: "CREDENTIALS_INVALID", path: "file", reason: expect.stringMatching(reason) },
    });
  };

  test("whichever bit of it was changed, unless it still says the very same", async () => {
    const pem = await makeRequest(alice, recipient, makeKey());
    const asked = must(await readRequest("file", pem));
    const der = Buffer.from(pem.replace(/-----.*-----/g, ""), "base64");
    let refused = 0;
    // Every fifth bit is at least one of every byte.
    for (let bit = 0; bit < der.length * 8; bit += 5) {
      const changed = Buffer.from(der);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const text = `-----BEGIN CERTIFICATE REQUEST-----\n${changed.toString("base64")}\n-----END CERTIFICATE REQUEST-----\n`;
      const result = await readRequest("file", text);
      // Tags and lengths around the signed part are not signed, and the library reads on past some odd ones.
      if (result.ok) expect(result.value, `bit ${bit}`).toEqual(asked);
      else expect(result.fault.code, `bit ${bit}`).toBe("CREDENTIALS_INVALID");
      refused += result.ok ? 0 : 1;
    }
    expect(refused).toBeGreaterThan((der.length * 8) / 5 - 20);
  });

  test("when it is cut off anywhere, empty, or far too large", async () => {
    const pem = await makeRequest(alice, recipient, makeKey());
    for (let end = 0; end < pem.length - 40; end += 50)
      await refuses(pem.slice(0, end), /not one|signature|name|key/);
    await refuses(`${pem}${" ".repeat(20_000)}`, /not one/);
  });

  test("over a key on another curve", async () => {
    await refuses(await withNames(named(), { name: "ECDSA", namedCurve: "P-384" }), /P-256/);
  });

  test.each(["", "Alice", "../alice", "a/b", "a".repeat(33), "alice\n", "-alice", "al ice"])(
    "for the name '%s'",
    async (name) => refuses(await withNames(named(name)), /one user/),
  );

  test("for an operator or a node", async () => {
    const to = url(`distinsta-recipient:${recipient}`);
    await refuses(await withNames([url("distinsta-request:operator/alice"), to]), /one user/);
    await refuses(await withNames([url(`distinsta://${"0".repeat(32)}/node/1`), to]), /one user/);
  });

  test("for two names, no recipient, two recipients, or a host besides", async () => {
    const [name, to] = [url("distinsta-request:user/alice"), url(`distinsta-recipient:${recipient}`)];
    await refuses(await withNames([name, url("distinsta-request:user/bob"), to]), /one user/);
    await refuses(await withNames([name]), /one user/);
    await refuses(await withNames([name, to, to]), /one user/);
    await refuses(await withNames([name, to, { type: "dns", value: "node1" }]), /one user/);
  });

  test("that wants to be a CA as well", async () => {
    await refuses(await withNames(named(), p256, true), /one user/);
  });

  test("with a recipient of another kind, with a letter changed, or to which nothing can be sealed", async () => {
    const other = recipient.endsWith("q") ? "p" : "q";
    await refuses(await withNames(named("alice", `${recipient.slice(0, -1)}${other}`)), /mistyped/);
    await refuses(await withNames(named("alice", `age1pq1${"q".repeat(60)}`)), /one user/);
    await refuses(await withNames(named("alice", "ssh-ed25519")), /one user/);
  });

  test("that is a private key", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await refuses(privateKey.export({ type: "pkcs8", format: "pem" }).toString(), /not one/);
  });
});
