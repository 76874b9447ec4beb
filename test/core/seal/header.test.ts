import { describe, expect, it } from "vitest";
import { headerBytesMax, readersMax } from "../../../core/model/limits.ts";
import { isRecipient, makeHeader, openHeader, splitAgeFile, wrapFileKey } from "../../../core/seal/header.ts";
import { makeIdentity } from "../../../core/seal/identity.ts";
import { sealWhole } from "../../../core/seal/payload.ts";

const [alice, bob] = await Promise.all([makeIdentity(), makeIdentity()]);

const made = async (...recipients: readonly string[]) => {
  const result = makeHeader(recipients);
  if (!result.ok) throw new Error(result.fault.code);
  return result.value;
};

describe("a header", () => {
  it("gives its file key to each of its readers and to nobody else", async () => {
    const carol = await makeIdentity();
    const { header, fileKey } = await made(alice.recipient, bob.recipient);
    expect(fileKey.length).toBe(16);
    expect(await openHeader(header, alice.identity, "x")).toEqual({ ok: true, value: fileKey });
    expect(await openHeader(header, bob.identity, "x")).toEqual({ ok: true, value: fileKey });
    expect(await openHeader(header, carol.identity, "x")).toMatchObject({
      ok: false,
      fault: { code: "SEAL_BROKEN", id: "x", reason: "it is not sealed to this identity" },
    });
  });

  it("has 168 bytes for one reader, and a new file key each time", async () => {
    const [one, two] = [await made(alice.recipient), await made(alice.recipient)];
    expect([one.header.length, two.header.length]).toEqual([168, 168]);
    expect(one.fileKey).not.toEqual(two.fileKey);
  });

  it("can be made again for another reader of the same file key", async () => {
    const { fileKey } = await made(alice.recipient);
    const kept = Uint8Array.from(fileKey);
    const shared = wrapFileKey(fileKey, [bob.recipient]);
    if (!shared.ok) throw new Error(shared.fault.code);
    expect(fileKey).toEqual(kept);
    expect(await openHeader(shared.value, bob.identity, "x")).toEqual({ ok: true, value: kept });
    expect((await openHeader(shared.value, alice.identity, "x")).ok).toBe(false);
  });

  it("names a reader once, and fits its bound with as many readers as there may be", async () => {
    expect((await made(alice.recipient, alice.recipient)).header.length).toBe(168);
    const many = await Promise.all(Array.from({ length: readersMax }, makeIdentity));
    const { header } = await made(...many.map(({ recipient }) => recipient));
    expect(header.length).toBeLessThanOrEqual(headerBytesMax);
  });

  it("does not open when any byte of it is altered or missing", async () => {
    const { header } = await made(alice.recipient);
    for (let at = 0; at < header.length; at++) {
      const altered = Uint8Array.from(header);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(await openHeader(altered, alice.identity, "x")).toMatchObject({
        fault: { code: "SEAL_BROKEN" },
      });
      const cut = header.subarray(0, at);
      expect(await openHeader(cut, alice.identity, "x")).toMatchObject({ fault: { code: "SEAL_BROKEN" } });
    }
  });

  it("is not read when it is longer than any header may be", async () => {
    const { header } = await made(alice.recipient);
    const long = Buffer.concat([header, Buffer.alloc(headerBytesMax)]);
    expect(await openHeader(long, alice.identity, "x")).toMatchObject({
      fault: { code: "SEAL_BROKEN", reason: "its header is too long" },
    });
  });

  it("says so when it is the identity that is wrong", async () => {
    const { header } = await made(alice.recipient);
    expect(await openHeader(header, "hello", "x")).toMatchObject({
      fault: { code: "SEAL_BROKEN", reason: "the identity is not an AGE-SECRET-KEY-1…" },
    });
  });
});

describe("recipients", () => {
  const mistyped = (recipient: string): string =>
    recipient.slice(0, 20) + (recipient[20] === "q" ? "p" : "q") + recipient.slice(21);

  it("are age1 and 58 symbols with a right checksum", async () => {
    expect(isRecipient(alice.recipient)).toBe(true);
    const wrong = [
      "",
      "age1",
      alice.identity,
      mistyped(alice.recipient),
      `${alice.recipient}q`,
      "age1pq1qqqq",
    ];
    expect(wrong.map(isRecipient)).toEqual(wrong.map(() => false));
  });

  it("are refused by name when they are none", async () => {
    const wrong = mistyped(alice.recipient);
    expect(makeHeader([alice.recipient, wrong])).toMatchObject({
      fault: { code: "CREDENTIALS_INVALID", path: wrong },
    });
    expect(wrapFileKey(new Uint8Array(16), ["age1"])).toMatchObject({
      fault: { code: "CREDENTIALS_INVALID", path: "age1" },
    });
  });

  it("are refused when they are a point that no secret leads to", async () => {
    // The point 0, with a right checksum.
    const zero = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z";
    expect(isRecipient(zero)).toBe(true);
    const result = makeHeader([zero]);
    expect(result).toMatchObject({ ok: false, fault: { code: "CREDENTIALS_INVALID" } });
  });
});

describe("where the header of a file ends", () => {
  it("is found by its last line, also when the payload looks like one", async () => {
    const { header, fileKey } = await made(alice.recipient, bob.recipient);
    const payload = sealWhole(fileKey, Buffer.from("\n--- ----------\n"), Buffer.from("a picture"));
    expect(splitAgeFile(Buffer.concat([header, payload]))).toBe(header.length);
    expect(splitAgeFile(header)).toBe(header.length);
  });

  it("is nowhere in what is no age file, cut off, or too long", async () => {
    const { header } = await made(alice.recipient);
    const long = Buffer.concat([
      header.subarray(0, 60),
      Buffer.alloc(headerBytesMax, "A"),
      header.subarray(60),
    ]);
    const none = [new Uint8Array(0), Buffer.from("hello"), header.subarray(0, -1), header.subarray(1), long];
    expect(none.map(splitAgeFile)).toEqual(none.map(() => null));
  });
});
