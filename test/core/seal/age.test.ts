/** What we seal, opened by the stock `age` program; and the other way round. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wallMs } from "../../../core/model/units.ts";
import { makeHeader, openHeader, splitAgeFile, wrapFileKey } from "../../../core/seal/header.ts";
import { identityFile, type KeyPair, makeIdentity, parseIdentityFile } from "../../../core/seal/identity.ts";
import { payloadNonce } from "../../../core/seal/nonce.ts";
import { openWhole, sealWhole } from "../../../core/seal/payload.ts";
import { noise } from "../../support/pictures.ts";

const ageIsHere = (): boolean => {
  try {
    execFileSync("age", ["--version"], { stdio: "ignore" });
    execFileSync("age-keygen", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

const missing = !ageIsHere();
const mustRun = process.env.DISTINSTA_FORBID_SKIPS === "1";
const title = missing
  ? "the stock age program (not installed: apt-get install age)"
  : "the stock age program";

describe.skipIf(missing && !mustRun)(title, () => {
  let folder = "";
  let alice: KeyPair;
  let bob: KeyPair;
  const path = (name: string): string => join(folder, name);
  const age = (args: readonly string[], input?: Uint8Array): Buffer =>
    execFileSync("age", args, { maxBuffer: 100_000_000, ...(input === undefined ? {} : { input }) });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "distinsta-age-"));
    [alice, bob] = await Promise.all([makeIdentity(), makeIdentity()]);
    writeFileSync(path("alice.txt"), identityFile(alice, wallMs(0)));
    writeFileSync(path("bob.txt"), identityFile(bob, wallMs(0)));
  });
  afterAll(() => {
    if (folder !== "") rmSync(folder, { recursive: true });
  });

  const headerFor = async (...recipients: readonly string[]) => {
    const made = makeHeader(recipients);
    if (!made.ok) throw new Error(made.fault.code);
    return made.value;
  };
  const sealed = (fileKey: Uint8Array, plain: Uint8Array): Uint8Array =>
    sealWhole(fileKey, payloadNonce(fileKey, createHash("sha256").update(plain).digest()), plain);

  it.each([0, 1, 65_535, 65_536, 65_537, 131_072, 5_000_000])(
    "opens what we sealed: %i bytes",
    async (bytes) => {
      const plain = noise(bytes, 5);
      const { header, fileKey } = await headerFor(alice.recipient, bob.recipient);
      const payload = sealed(fileKey, plain);
      expect(Buffer.from(sealed(fileKey, plain)).equals(payload)).toBe(true);
      for (const reader of ["alice.txt", "bob.txt"]) {
        const opened = age(["-d", "-i", path(reader)], Buffer.concat([header, payload]));
        expect(opened.equals(plain)).toBe(true);
      }
    },
  );

  it("opens image and thumbnail with the one header, and with the header of another reader", async () => {
    const { header, fileKey } = await headerFor(alice.recipient);
    const shared = wrapFileKey(fileKey, [bob.recipient]);
    if (!shared.ok) throw new Error(shared.fault.code);
    const image = sealed(fileKey, Buffer.from("an image"));
    const thumbnail = sealWhole(fileKey, noise(16, 6), Buffer.from("a thumbnail"));
    const opened = (who: string, head: Uint8Array, payload: Uint8Array): string =>
      age(["-d", "-i", path(who)], Buffer.concat([head, payload])).toString();
    expect(opened("alice.txt", header, image)).toBe("an image");
    expect(opened("alice.txt", header, thumbnail)).toBe("a thumbnail");
    expect(opened("bob.txt", shared.value, image)).toBe("an image");
  });

  it("does not open a file that was cut off", async () => {
    const { header, fileKey } = await headerFor(alice.recipient);
    const file = Buffer.concat([header, sealed(fileKey, noise(70_000, 5))]);
    expect(() =>
      execFileSync("age", ["-d", "-i", path("alice.txt")], { input: file.subarray(0, -1), stdio: "pipe" }),
    ).toThrow();
  });

  it("makes files and identities that we open", async () => {
    execFileSync("age-keygen", ["-o", path("carol.txt")], { stdio: "ignore" });
    const carol = await parseIdentityFile(readFileSync(path("carol.txt"), "utf8"), "carol.txt");
    if (!carol.ok) throw new Error(carol.fault.code);
    const plain = noise(200_000, 8);
    const file = age(["-r", carol.value.recipient], plain);
    const headerBytes = splitAgeFile(file) ?? 0;
    const fileKey = await openHeader(file.subarray(0, headerBytes), carol.value.identity, "x");
    if (!fileKey.ok) throw new Error(fileKey.fault.code);
    const opened = openWhole(fileKey.value, file.subarray(headerBytes), "x");
    expect(opened.ok && Buffer.from(opened.value).equals(plain)).toBe(true);
    expect(
      execFileSync("age-keygen", ["-y", path("alice.txt")])
        .toString()
        .trim(),
    ).toBe(alice.recipient);
  });
});
