/** A home that is being sent a copy while the image is purged. What homes do otherwise: `node.test.ts`. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import type { Connection, Incoming } from "../../../core/io/connection.ts";
import { serveStore } from "../../../core/io/serve-store.ts";
import { nodeId } from "../../../core/model/ids.ts";
import type { Message } from "../../../core/model/messages.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { erasePurged } from "../../../core/store/eraser.ts";
import { openStore } from "../../../core/store/open.ts";
import { segmentIdOf } from "../../../core/store/segment-format.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder } from "../../sim/sim-folder.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { hashOf, idOf, recordOf, storeOf, tombstoneOf } from "../../support/records.ts";
import { until } from "../../support/until.ts";
import { fakeNodes } from "./fakes.ts";

const id = idOf(1);
const bytes = randomBytes(5_000);
const { facts } = recordOf(id);
const record: ImageRecord = {
  ...recordOf(id),
  facts: { ...facts, payloadBytes: bytes.length, payloadHash: hashOf(bytes) },
};

/** Node 1, which is asked to keep a copy; the sender is slow with what follows. */
const asked = async ({ has }: { readonly has: boolean }) => {
  const [node] = fakeNodes(1, new ManualClock()).values();
  if (node === undefined) throw new Error("there is one");
  const store = await openStore({
    disk: createSimFolder(createRandom(1)).open(async () => undefined),
    index: createMemoryIndexDisk().open(),
    store: storeOf(1),
    node: nodeId(1),
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: 1_048_576,
    headroomBytes: 0,
  });
  if (has) {
    const begun = await store.begin(id, bytes.length);
    if (!begun.ok) throw new Error(begun.fault.code);
    await begun.value.write(bytes);
    await begun.value.commit(record);
  }
  const replies: Message[] = [];
  const coming = Promise.withResolvers<Incoming>();
  const connection: Pick<Connection, "remote" | "idle" | "send" | "receive" | "destroy"> = {
    remote: "node 2",
    idle: true,
    send: async (message: Message) => {
      replies.push(message);
    },
    receive: () => coming.promise,
    destroy: () => undefined,
  };
  const work = { ...node.context.work, diskFault: null };
  const context = { ...node.context, store, work, underWay: store.underWay };
  const { payloadBytes, payloadHash } = record.facts;
  const request = { kind: "store", id, payloadBytes, payloadHash } as const;
  const served = serveStore(context, connection as Connection, request);
  await until(() => replies.length > 0);
  return { store, replies, served, deliver: coming.resolve };
};

test.each([
  ["that it has already", true],
  ["that it has not", false],
])("a home does not say that nothing is left of an image %s before the sender is done", async (_, has) => {
  const { store, replies, served, deliver } = await asked({ has });
  expect(replies).toEqual([{ kind: "store.ready", have: has }]);
  await store.merge([tombstoneOf(id)]);
  expect(await erasePurged(store, 10)).toBe(0);
  // The record of before the purge; or it comes instead of the payload, and that is the end of it.
  deliver({ kind: "message", message: { kind: "store.commit", record } });
  await served;
  expect(store.underWay.images).toBe(0);
  expect(await erasePurged(store, 10)).toBe(1);
  expect((await store.get(id))?.record.kind).toBe("tombstone");
});
