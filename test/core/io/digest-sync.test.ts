import { describe, expect, test } from "vitest";
import { syncWith } from "../../../core/io/digest-sync.ts";
import { fault } from "../../../core/model/faults.ts";
import { type ImageId, nodeId } from "../../../core/model/ids.ts";
import { digestBucketMs, digestBucketOf, imageIdFrom } from "../../../core/model/image-id.ts";
import { digestEntriesMax, futureMsMax, pageRecordsMax } from "../../../core/model/limits.ts";
import type { Request } from "../../../core/model/messages.ts";
import type { AnyRecord } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf, tombstoneOf } from "../../support/records.ts";
import { type FakeNode, fakeNodes, lostFault } from "./fakes.ts";

const [n1, n2] = [nodeId(1), nodeId(2)] as const;

const pair = (): { readonly clock: ManualClock; readonly one: FakeNode; readonly two: FakeNode } => {
  const clock = new ManualClock();
  const nodes = fakeNodes(2, clock);
  const [one, two] = [nodes.get(n1), nodes.get(n2)];
  if (one === undefined || two === undefined) throw new Error("there are two");
  return { clock, one, two };
};
const trashed = (n: number, atMs: number): AnyRecord =>
  recordOf(idOf(n), { trashed: { stamp: { atMs, node: 2 }, value: wallMs(5) } });
/** The `n`th image of the `span`th span of time. */
const inSpan = (span: number, n = 0): ImageId =>
  imageIdFrom(wallMs(1_000 * digestBucketMs + span * digestBucketMs + n), new Uint8Array(10));
const kinds = (requests: readonly Request[]): readonly string[] => requests.map(({ kind }) => kind);

test("two that know the same ask for nothing but the digests", async () => {
  const { one, two } = pair();
  for (const { store } of [one, two]) await store.merge([recordOf(idOf(1)), tombstoneOf(idOf(2))]);
  expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 0 });
  expect(kinds(two.asked)).toEqual(["digests"]);
});

test("what is unknown here comes, and what is known otherwise; what only we know is the peer's to ask for", async () => {
  const { one, two } = pair();
  await one.store.merge([recordOf(idOf(1)), recordOf(idOf(2)), recordOf(idOf(4))]);
  await two.store.merge([recordOf(idOf(1)), trashed(2, 9), tombstoneOf(idOf(3))]);
  expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 2 });
  expect((await one.store.get(idOf(2)))?.record).toEqual(trashed(2, 9));
  expect((await one.store.get(idOf(3)))?.record.kind).toBe("tombstone");
  expect(await two.store.get(idOf(4))).toBeNull();
  const asked = two.asked.flatMap((request) => (request.kind === "records" ? request.ids : []));
  expect(asked).toEqual([idOf(2), idOf(3)]);
  await syncWith(two.context, n1);
  expect(await two.store.digests()).toEqual(await one.store.digests());
});

test("only the spans of time that differ are looked into", async () => {
  const { one, two } = pair();
  const same = [recordOf(inSpan(1)), recordOf(inSpan(2))];
  await one.store.merge(same);
  await two.store.merge([...same, recordOf(inSpan(3)), recordOf(inSpan(2, 1))]);
  await syncWith(one.context, n2);
  const buckets = two.asked.flatMap((request) => (request.kind === "bucket" ? [request.bucket - 1_000] : []));
  expect(buckets).toEqual([2, 3]);
  expect(await one.store.digests()).toEqual(await two.store.digests());
});

test("of many that differ the newest come first, and the rest the next times", async () => {
  const { one, two } = pair();
  await two.store.merge(Array.from({ length: 150 }, (_, span) => recordOf(inSpan(span))));
  expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 64 });
  expect(await one.store.get(inSpan(149))).not.toBeNull();
  expect(await one.store.get(inSpan(0))).toBeNull();
  expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 64 });
  expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 22 });
  expect(await one.store.digests()).toEqual(await two.store.digests());
});

test("a span of more than fits in one answer is read to its end, and so are the records that differ", async () => {
  const { one, two } = pair();
  const many = Array.from({ length: digestEntriesMax + 250 }, (_, n) => tombstoneOf(inSpan(0, n)));
  await two.store.merge(many);
  await one.store.merge(many.slice(0, digestEntriesMax));
  expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 250 });
  expect(kinds(two.asked).filter((kind) => kind === "bucket")).toHaveLength(2);
  for (const request of two.asked)
    if (request.kind === "records") expect(request.ids.length).toBeLessThanOrEqual(pageRecordsMax);
  expect(await one.store.digests()).toEqual(await two.store.digests());
});

describe("a record from a clock that is far ahead", () => {
  test("is left out and not counted, and comes when its time has come", async () => {
    const { clock, one, two } = pair();
    const late = trashed(1, clock.wall() + futureMsMax + 1_000);
    await two.store.merge([late, recordOf(idOf(2))]);
    expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 1 });
    expect(await one.store.get(idOf(1))).toBeNull();
    expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 0 });
    clock.setWallBy(1_000);
    expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 1 });
    expect((await one.store.get(idOf(1)))?.record).toEqual(late);
  });
});

describe("what goes wrong", () => {
  test("on the way is told, and what came before stays", async () => {
    const { one, two } = pair();
    await two.store.merge(Array.from({ length: pageRecordsMax + 50 }, (_, n) => recordOf(idOf(n))));
    const { answer } = two;
    let asked = 0;
    two.answer = (request) => (request.kind === "records" && asked++ > 0 ? lostFault(n2) : answer(request));
    expect(await syncWith(one.context, n2)).toEqual({ ok: false, fault: lostFault(n2) });
    expect(one.store.feedHead).toBeGreaterThan(0);
    expect(one.store.feedHead).toBeLessThanOrEqual(pageRecordsMax);
  });

  test("on this disk is told", async () => {
    const { one, two } = pair();
    await two.store.merge([recordOf(idOf(1))]);
    const problem = fault("DISK_FULL", { path: "disk", freeBytes: 0 });
    one.store.fault = problem;
    expect(await syncWith(one.context, n2)).toEqual({ ok: false, fault: problem });
  });

  test("a peer whose disk may not speak compares with nobody", async () => {
    const { one, two } = pair();
    two.ready = false;
    expect(await syncWith(one.context, n2)).toMatchObject({ ok: false, fault: { code: "NODE_NOT_READY" } });
  });

  test("neither does one whose index may lack something: what it lacks would seem to be news", async () => {
    const { one, two } = pair();
    await one.store.merge([recordOf(idOf(1))]);
    const problem = fault("DISK_FAILED", { path: "index", reason: "EIO" });
    two.store.readFault = problem;
    expect(await syncWith(one.context, n2)).toEqual({ ok: false, fault: problem });
    const { context } = two;
    const bucket = digestBucketOf(idOf(1));
    for (const ask of [
      () => two.answer({ kind: "bucket", bucket, after: null }),
      () => two.answer({ kind: "records", ids: [idOf(1)] }),
      () => two.answer({ kind: "pull", store: context.store.id, after: 0 }),
    ])
      expect(await ask()).toMatchObject({ kind: "refused", code: "DISK_FAILED" });
  });

  test("a record that is gone by the time it is asked for is no trouble", async () => {
    const { one, two } = pair();
    await two.store.merge([recordOf(idOf(1)), recordOf(idOf(2))]);
    const { answer } = two;
    two.answer = async (request) => {
      const reply = await answer(request);
      return reply !== null && reply.kind === "records.reply"
        ? { ...reply, records: reply.records.slice(1) }
        : reply;
    };
    expect(await syncWith(one.context, n2)).toEqual({ ok: true, value: 1 });
  });
});
