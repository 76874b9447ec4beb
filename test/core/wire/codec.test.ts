import { encode } from "@msgpack/msgpack";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fault } from "../../../core/model/faults.ts";
import { fault, wordFault } from "../../../core/model/faults.ts";
import { frameBytesMax, helloBytesMax } from "../../../core/model/limits.ts";
import type { Message } from "../../../core/model/messages.ts";
import { decodeMessage, encodeMessage } from "../../../core/wire/codec.ts";
import { messageSchemas } from "../../../core/wire/schema.ts";
import { faultOfRefusal, refusalOf } from "../../../core/wire/schema-faults.ts";
import { anyMessage, messageKinds, messageOf } from "./messages.ts";

const reasonOf = (bytes: Uint8Array): string => {
  const decoded = decodeMessage(bytes);
  if (decoded.ok) throw new Error(`was accepted: ${decoded.value.kind}`);
  if (decoded.fault.code !== "PROTOCOL_VIOLATION") throw new Error(decoded.fault.code);
  return decoded.fault.reason;
};

/** A valid message with one thing changed, as another program might send it. */
const reasonOfChanged = (message: object, changes: object): string =>
  reasonOf(encode({ ...message, ...changes }));

const status = { kind: "status" };
const assigned = fc.sample(messageOf("assigned"), { numRuns: 1, seed: 1 })[0] as object;
const ping = fc.sample(messageOf("ping"), { numRuns: 1, seed: 1 })[0] as Extract<Message, { kind: "ping" }>;

describe("every message", () => {
  test("the tests make every kind that has a schema", () => {
    expect([...messageKinds].sort()).toEqual(Object.keys(messageSchemas).sort());
  });

  test.each(messageKinds)("%s comes back as it was", (kind) => {
    fc.assert(
      fc.property(messageOf(kind), (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual({ ok: true, value: message });
      }),
      { numRuns: 40 },
    );
  });

  test("from a Buffer with other bytes around it, with byte arrays that are plain and independent of it", () => {
    const message: Message = {
      kind: "fetch",
      id: "0198c0de-0000-7000-8000-000000000001" as never,
      payloadHash: new Uint8Array(32).fill(7),
    };
    const whole = Buffer.concat([Buffer.from("before"), encodeMessage(message), Buffer.from("after")]);
    const decoded = decodeMessage(whole.subarray(6, whole.length - 5));
    whole.fill(0);
    expect(decoded).toEqual({ ok: true, value: message });
    const hash = decoded.ok && decoded.value.kind === "fetch" ? decoded.value.payloadHash : null;
    expect(Object.getPrototypeOf(hash)).toBe(Uint8Array.prototype);
  });

  test("one that would not fit in a frame is our bug", () => {
    const tooLong = { kind: "find", part: "x".repeat(frameBytesMax) } as const;
    expect(() => encodeMessage(tooLong)).toThrow(RangeError);
  });
});

describe("what is refused, and why", () => {
  test("not MessagePack, not a map, no kind, an unknown kind, a kind that every object has", () => {
    for (const bytes of [new Uint8Array(), new Uint8Array([0xc1]), encode([1]), encode(null)])
      reasonOf(bytes);
    expect(reasonOf(encode({}))).toBe("a message of unknown kind");
    expect(reasonOf(encode({ kind: "shutdown" }))).toBe("a message of unknown kind");
    expect(reasonOf(encode({ kind: "constructor" }))).toBe("a message of unknown kind");
    expect(reasonOf(encode({ kind: 7 }))).toBe("a message of unknown kind");
  });

  test("a key too many, one too few, and bytes after the end", () => {
    expect(reasonOfChanged(status, { verbose: true })).toContain("verbose");
    expect(reasonOf(encode({ kind: "goodbye" }))).toContain("goodbye.boot");
    expect(reasonOf(new Uint8Array([...encode(status), 0xc0]))).toContain("after its end");
  });

  test("wrong types and values, by the name of the field", () => {
    expect(reasonOfChanged(assigned, { term: -1 })).toBe("assigned.term: expected a term");
    expect(reasonOfChanged(assigned, { node: 10 })).toBe("assigned.node: expected a node id");
    expect(reasonOfChanged(assigned, { request: "x" })).toBe("assigned.request: expected an image id");
    for (const bytes of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "1", null]) {
      expect(reasonOfChanged(assigned, { bytes })).toMatch(/^assigned\.bytes: /);
    }
    for (const sentAt of [-1, Number.NaN, Number.NEGATIVE_INFINITY, "0", null]) {
      expect(reasonOfChanged(ping, { sentAt })).toMatch(/^ping\.sentAt: /);
    }
    expect(reasonOfChanged(ping, { load: { ...ping.load, cpu: Number.NaN } })).toMatch(/^ping\.load\.cpu: /);
    expect(reasonOfChanged(ping, { hears: Array(10).fill(1) })).toMatch(/^ping\.hears: /);
    expect(reasonOfChanged(ping, { hears: [0] })).toMatch(/^ping\.hears\.0: /);
  });

  test("names with a path, without UTF-8, or too long", () => {
    const offer = fc.sample(messageOf("offer"), { numRuns: 1, seed: 1 })[0] as object;
    for (const name of ["", "a/b.png", "../x", "a\0b", "\ud800.png", "é".repeat(128)]) {
      expect(reasonOfChanged(offer, { name })).toMatch(/^offer\.name: /);
    }
    expect(decodeMessage(encode({ ...offer, name: "é".repeat(127) })).ok).toBe(true);
  });

  test("byte arrays of another length", () => {
    const fetch = fc.sample(messageOf("fetch"), { numRuns: 1, seed: 1 })[0] as object;
    for (const length of [0, 31, 33]) {
      expect(reasonOfChanged(fetch, { payloadHash: new Uint8Array(length) })).toMatch(
        /^fetch\.payloadHash: /,
      );
    }
  });

  test("a record whose headers are too many or too large together", () => {
    const found = fc.sample(messageOf("get.found"), { numRuns: 1, seed: 1 })[0];
    if (found?.kind !== "get.found") throw new Error("no record");
    const headers = (count: number, length: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `reader${index}`,
          { stamp: { atMs: 0, node: 1 }, value: new Uint8Array(length) },
        ]),
      );
    const withHeaders = (count: number, length: number) =>
      encode({ ...found, record: { ...found.record, headers: headers(count, length) } });
    expect(decodeMessage(withHeaders(256, 512)).ok).toBe(true);
    for (const bytes of [withHeaders(257, 1), withHeaders(1, 16_385), withHeaders(17, 16_384)]) {
      expect(reasonOf(bytes)).toContain("get.found.record.headers");
    }
  });

  test("slots of nodes that no cluster has, disks that are none, and times that are no times", () => {
    const found = fc.sample(messageOf("get.found"), { numRuns: 1, seed: 1 })[0];
    if (found?.kind !== "get.found") throw new Error("no record");
    const withPart = (part: object) => encode({ ...found, record: { ...found.record, ...part } });
    const stamp = { atMs: 1, node: 1 };
    const store = "0".repeat(32);
    const home = { stamp, value: { store, syncedAt: 5 } };
    expect(decodeMessage(withPart({ homes: { "1": home, "9": { stamp, value: null } } })).ok).toBe(true);
    for (const node of ["0", "10", "x", "", "01", " 1", "-1", "1.5"])
      expect(reasonOf(withPart({ homes: { [node]: home } }))).toContain("get.found.record.homes");
    for (const value of [{ store: "x", syncedAt: 5 }, { store, syncedAt: -1 }, { store }, 5])
      expect(reasonOf(withPart({ homes: { "1": { stamp, value } } }))).toContain("get.found.record.homes");
    expect(decodeMessage(withPart({ condemned: { "1": { stamp, store } } })).ok).toBe(true);
    expect(reasonOf(withPart({ condemned: { "0": { stamp, store } } }))).toContain("record.condemned");
    expect(reasonOf(withPart({ condemned: { "1": { stamp } } }))).toContain("record.condemned");
    expect(reasonOf(withPart({ homes: { "1": { ...home, stamp: { atMs: -1, node: 1 } } } }))).toContain(
      "homes",
    );
  });

  test("a tombstone that names what is no disk, or more of them than a cluster can have had", () => {
    const merge = (part: object) => encode({ kind: "merge", records: [{ ...tombstone, ...part }] });
    const disk = (n: number) => `${(n % 9) + 1}:${String(n).padStart(32, "0")}`;
    const tombstone = {
      kind: "tombstone",
      id: "0198c0de-0000-7000-8000-000000000001",
      owner: "alice",
      purge: { stamp: { atMs: 1, node: 1 }, reason: "owner" },
      erasedOn: [disk(0)],
    };
    const many = (length: number) => Array.from({ length }, (_, n) => disk(n));
    expect(decodeMessage(merge({ erasedOn: many(64) })).ok).toBe(true);
    expect(reasonOf(merge({ erasedOn: many(65) }))).toContain("merge.records.0.erasedOn");
    for (const name of ["", "1:", `0:${"0".repeat(32)}`, `10:${"0".repeat(32)}`, `1:${"g".repeat(32)}`])
      expect(reasonOf(merge({ erasedOn: [name] }))).toContain("merge.records.0.erasedOn");
    expect(reasonOf(merge({ purge: { stamp: { atMs: 1, node: 1 }, reason: "because" } }))).toContain("purge");
    expect(reasonOf(merge({ kind: "image" }))).toContain("merge.records.0");
    expect(reasonOf(merge({ kind: "ghost" }))).toContain("merge.records.0");
    // Where only an image is meant, what is left of one is none.
    expect(reasonOf(encode({ kind: "get.found", record: tombstone }))).toContain("get.found.record");
  });

  test("a try before the first, pages that are too long, and views of more nodes than there can be", () => {
    const upload = fc.sample(messageOf("upload"), { numRuns: 1, seed: 1 })[0] as object;
    for (const attempt of [0, -1, 1.5, 1_000_001])
      expect(reasonOfChanged(upload, { attempt })).toContain("attempt");
    const id = "0198c0de-0000-7000-8000-000000000001";
    expect(reasonOf(encode({ kind: "records", ids: Array(501).fill(id) }))).toContain("records.ids");
    expect(reasonOf(encode({ kind: "bucket", bucket: -1, after: null }))).toContain("bucket.bucket");
    const entries = Array(10_001).fill({ id, digest: 1 });
    expect(reasonOf(encode({ kind: "bucket.reply", entries, more: false }))).toContain(
      "bucket.reply.entries",
    );
    const candidates = Array(10).fill({ node: 1, images: 0, bytes: 0, cpu: 0 });
    const assigned = { kind: "offer.assigned", id, node: 1, term: 1, leader: 1, candidates };
    expect(reasonOf(encode(assigned))).toContain("offer.assigned.candidates");
    for (const remembers of [{ run: 1 }, { run: -1, disk: null }, { run: 1, disk: { generation: 1 } }])
      expect(reasonOfChanged(ping, { remembers })).toMatch(/^ping\.remembers\./);
    const rebuild = {
      phase: "payloads",
      imagesLeft: 1,
      doneBytes: 1,
      totalBytes: 1,
      bytesPerSecond: null,
      etaMs: null,
    };
    expect(
      reasonOfChanged(ping, { load: { ...ping.load, rebuild: { ...rebuild, waitingFor: [0] } } }),
    ).toContain("ping.load.rebuild.waitingFor");
  });

  test("a key that would reach into prototypes", () => {
    const map = [0x82, 0xa4, ...text("kind"), 0xa6, ...text("status"), 0xa9, ...text("__proto__"), 0x80];
    reasonOf(new Uint8Array(map));
  });
});

describe("refusals", () => {
  const faults: readonly Fault[] = [
    fault("BUSY", { what: "64 uploads are under way" }),
    fault("NO_LEADER", {}),
    fault("ADDRESS_IN_USE", { address: "a:1", holder: null }),
    fault("IMAGE_AMBIGUOUS", { id: "ab", candidates: ["abc", "abd"] }),
  ];

  test.each(faults)("$code arrives as the fault that it was", (problem) => {
    const decoded = decodeMessage(encodeMessage(refusalOf(problem)));
    expect(decoded.ok && decoded.value.kind === "refused" && faultOfRefusal(decoded.value)).toEqual(problem);
  });

  test("whatever the texts, one fits where a hello fits and can be worded", () => {
    const long = fault("CONFIG_DIFFERS", {
      peer: "€".repeat(9_000),
      theirs: Array(50).fill("€".repeat(900)),
      ours: Array(50).fill("😀".repeat(255)),
    });
    const body = encodeMessage(refusalOf(long));
    expect(body.length).toBeLessThanOrEqual(helloBytesMax);
    const decoded = decodeMessage(body);
    if (!decoded.ok || decoded.value.kind !== "refused") throw new Error("was not accepted");
    expect(wordFault(faultOfRefusal(decoded.value)).what.length).toBeGreaterThan(0);
  });

  test("a payload that does not fit its code is refused, because wording it would fail", () => {
    expect(reasonOf(encode({ kind: "refused", code: "BUSY", detail: {} }))).toContain("refused.detail");
    expect(reasonOf(encode({ kind: "refused", code: "BUSY", detail: { what: "x", more: 1 } }))).toContain(
      "detail",
    );
    expect(
      reasonOf(encode({ kind: "refused", code: "IMAGE_AMBIGUOUS", detail: { id: "x", candidates: "y" } })),
    ).toContain("detail");
    expect(reasonOf(encode({ kind: "refused", code: "toString", detail: {} }))).toContain("refused.code");
  });
});

describe("hostile bytes", () => {
  test("cut short, flipped or random: never thrown, and what is accepted can be sent again", () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.nat(7), fc.boolean(), (message, at, bit, cut) => {
        const bytes = encodeMessage(message);
        const changed = cut ? bytes.slice(0, at % bytes.length) : flipped(bytes, at % bytes.length, bit);
        const decoded = decodeMessage(changed);
        if (decoded.ok) expect(decodeMessage(encodeMessage(decoded.value))).toEqual(decoded);
        if (cut) expect(decoded.ok).toBe(false);
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeMessage(bytes).ok).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  test("lists inside lists that announce far more than they bring cost nothing", () => {
    const nested = new Uint8Array(frameBytesMax);
    for (let at = 0; at + 3 <= nested.length; at += 3) nested.set([0xdc, 0xff, 0xff], at);
    const before = process.memoryUsage().rss;
    expect(reasonOf(nested)).toContain("nesting deeper");
    expect(process.memoryUsage().rss - before).toBeLessThan(32_000_000);
    expect(reasonOf(new Uint8Array([0xdd, 0xff, 0xff, 0xff, 0xff]))).toContain("fewer elements");
    expect(reasonOf(new Uint8Array([0xdf, 0x7f, 0xff, 0xff, 0xff]))).toContain("fewer elements");
    expect(reasonOf(new Uint8Array([0xc6, 0xff, 0xff, 0xff, 0xff]))).toContain("fewer bytes");
    expect(reasonOf(new Uint8Array([0xdb, 0xff, 0xff, 0xff, 0xff]))).toContain("fewer bytes");
    expect(reasonOf(new Uint8Array(frameBytesMax).fill(0x91))).toContain("nesting deeper");
  });

  test("extension types, keys that are no texts, and a body over the bound", () => {
    expect(reasonOf(encode(new Date(0)))).toContain("a type that is not used");
    expect(reasonOf(new Uint8Array([0x81, 0x01, 0x02]))).toContain("a key that is not a text");
    expect(reasonOf(new Uint8Array(frameBytesMax + 1))).toContain("1048577 bytes");
  });
});

const text = (value: string): readonly number[] => [...Buffer.from(value)];

const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array => {
  const changed = bytes.slice();
  changed[at] = (changed[at] ?? 0) ^ (1 << bit);
  return changed;
};
