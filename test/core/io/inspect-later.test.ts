import { randomBytes } from "node:crypto";
import { beforeEach, expect, test } from "vitest";
import type { Decoder } from "../../../core/io/decoder.ts";
import { inspectLater } from "../../../core/io/inspect-later.ts";
import { createInspector, type WaitingInspector } from "../../../core/io/inspector.ts";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../../core/model/faults.ts";
import { type ImageId, nodeId } from "../../../core/model/ids.ts";
import { sealedChunkBytesMax } from "../../../core/model/limits.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import type { Inspected } from "../../../core/ports.ts";
import { fileKeyBytes, nonceBytes, openWhole, sealWhole } from "../../../core/seal/payload.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";
import { MemoryStore } from "../../support/memory-store.ts";
import { idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";
import { fakeNodes } from "./fakes.ts";

const thumbnail = Buffer.from("a small picture");

/** Has one payload, and gives it as a disk does: in pieces that end elsewhere than chunks do. */
class PayloadStore extends MemoryStore {
  payload: Uint8Array | null = null;
  /** How reading ends. */
  breaksWith: Fault | null = null;

  override async read(id: ImageId): Promise<Result<AsyncIterable<Uint8Array>>> {
    const { payload, breaksWith } = this;
    if (payload === null) return bad(fault("IMAGE_UNAVAILABLE", { id, reason: "not on this node's disk" }));
    return good(
      (async function* () {
        for (let at = 0; at < payload.length; at += sealedChunkBytesMax)
          yield new Uint8Array(payload.subarray(at, at + sealedChunkBytesMax));
        if (breaksWith !== null) throw new FaultError(breaksWith);
      })(),
    );
  }
}

let store: PayloadStore;
let inspector: WaitingInspector;
let context: NodeContext;
let failed: Fault[];
/** What came to the decoder, and the answers that it owes. */
let decoded: Uint8Array[];
let answers: ((inspected: Inspected) => void)[];
let fileKey: Uint8Array;

beforeEach(() => {
  const clock = new ManualClock();
  const node = fakeNodes(1, clock).get(nodeId(1));
  if (node === undefined) throw new Error("there is one");
  [decoded, answers, failed] = [[], [], []];
  const decoder: Decoder = {
    decode: (image) => {
      decoded.push(image);
      return new Promise((resolve) => answers.push(resolve));
    },
    warmUp: async () => undefined,
    close: async () => {
      for (const answer of answers) answer({ verdict: "unknown", thumbnail: null });
    },
  };
  store = new PayloadStore(storeOf(1));
  inspector = createInspector({ clock, decoder, backlogBytesMax: 1_000_000, atOnceMax: 1 });
  context = {
    ...node.context,
    store,
    inspector,
    randomBytes,
    settlements: { applyTo: (record: ImageRecord) => record },
    work: { diskFault: null, failDisk: (problem: Fault) => failed.push(problem) },
  } as unknown as NodeContext;
  fileKey = new Uint8Array(randomBytes(fileKeyBytes));
});

/** Stores `plain` sealed, as `damage` leaves it, and lets it be inspected. */
const storeAndInspect = async (
  number: number,
  plain: Uint8Array,
  key = fileKey,
  damage: (payload: Uint8Array) => Uint8Array | null = (payload) => payload,
): Promise<ImageRecord> => {
  const record = recordOf(idOf(number));
  const stored = { ...record, facts: { ...record.facts, bytes: plain.length } };
  await store.merge([stored]);
  store.payload = damage(sealWhole(key, new Uint8Array(nonceBytes), plain));
  inspectLater(context, stored, key);
  return stored;
};

const noted = async ({ facts }: ImageRecord) => {
  const holding = await store.get(facts.id);
  return holding?.record.kind === "image" ? holding.record.inspection.value : null;
};

const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 5; turns++) await turn();
};

const isWiped = (): boolean => fileKey.every((byte) => byte === 0);

test.each([1, 65_535, 65_536, 65_537, 300_000])("a picture of %i bytes is read back whole", async (bytes) => {
  const plain = new Uint8Array(randomBytes(bytes));
  const key = new Uint8Array(fileKey);
  const record = await storeAndInspect(1, plain);
  await settle();
  expect(decoded.map((image) => Buffer.compare(image, plain))).toEqual([0]);
  expect([await noted(record), isWiped()]).toMatchObject([{ verdict: "pending" }, false]);
  // Its record would bring the image back, should it be purged and forgotten meanwhile.
  expect(context.underWay.has(record.facts.id)).toBe(true);
  answers[0]?.({ verdict: "ok", thumbnail });
  await settle();
  const inspection = await noted(record);
  expect(inspection?.verdict).toBe("ok");
  const opened = openWhole(key, inspection?.thumbnail ?? new Uint8Array(), "the thumbnail");
  expect(opened.ok && Buffer.from(opened.value).equals(thumbnail)).toBe(true);
  expect(isWiped()).toBe(true);
  expect(context.underWay.images).toBe(0);
});

const left = { verdict: "unknown", thumbnail: null };

test.each<[string, (payload: Uint8Array) => Uint8Array | null]>([
  ["is not there any more", () => null],
  ["is cut off", (payload) => payload.subarray(0, 80_000)],
  ["was altered", (payload) => payload.fill(payload.at(70_000) === 0 ? 1 : 0, 70_000, 70_001)],
])("a payload that %s leaves its picture without a verdict, and its key is wiped", async (_, damage) => {
  const record = await storeAndInspect(1, new Uint8Array(randomBytes(100_000)), fileKey, damage);
  await settle();
  expect([await noted(record), decoded.length, failed, isWiped()]).toEqual([left, 0, [], true]);
});

test("a disk that fails while it is read takes no more images", async () => {
  store.breaksWith = fault("DISK_FAILED", { path: "payload", reason: "EIO" });
  const record = await storeAndInspect(1, new Uint8Array(randomBytes(1_000)));
  await settle();
  expect(await noted(record)).toEqual(left);
  expect(failed.map(({ code }) => code)).toEqual(["DISK_FAILED"]);
});

test("an image that was purged while it waited is left alone", async () => {
  const first = await storeAndInspect(1, new Uint8Array(randomBytes(1_000)));
  const second = await storeAndInspect(
    2,
    new Uint8Array(randomBytes(1_000)),
    new Uint8Array(fileKeyBytes).fill(7),
  );
  await settle();
  expect(decoded).toHaveLength(1);
  const { id } = second.facts;
  await store.merge([tombstoneOf(id)]);
  const before = store.feedHead;
  answers[0]?.({ verdict: "ok", thumbnail: null });
  await settle();
  answers[1]?.({ verdict: "ok", thumbnail: null });
  await settle();
  expect((await noted(first))?.verdict).toBe("ok");
  expect((await store.get(id))?.record.kind).toBe("tombstone");
  expect(store.feedHead).toBe(before + 1);
});

test("what waits when the node stops is told to be unknown before the disk is closed", async () => {
  const keys = [1, 2, 3].map((byte) => new Uint8Array(fileKeyBytes).fill(byte));
  const records: ImageRecord[] = [];
  for (const [at, key] of keys.entries())
    records.push(await storeAndInspect(at + 1, new Uint8Array(randomBytes(1_000)), key));
  await settle();
  expect(inspector.pending).toBe(3);
  await inspector.close();
  for (const record of records) expect((await noted(record))?.verdict).toBe("unknown");
  expect(keys.every((key) => key.every((byte) => byte === 0))).toBe(true);
  expect(inspector.pending).toBe(0);
});
