/**
 * A node with a million records: how long it takes to start, and to answer a page of `list`.
 *
 * One node is a whole cluster, so that nothing but its own disk is measured. Its store is filled by the code that the
 * node itself fills it with; only the payload is one and the same for all images, because a million of them would fill
 * the disk and say nothing. A second node with a page of records takes turns with it.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { askAny } from "../../core/io/client/ask.ts";
import { listRecords } from "../../core/io/client/client.ts";
import { openSession } from "../../core/io/client/session.ts";
import { systemClock, wallNow } from "../../core/io/clock.ts";
import { replyFrom } from "../../core/io/exchange.ts";
import { openFolderDisk } from "../../core/io/folder-disk.ts";
import { openIndex } from "../../core/io/index/index-client.ts";
import { readOrMakeIdentity } from "../../core/io/node-data.ts";
import { nodeFolderOf } from "../../core/io/node-lock.ts";
import { loadCredentials } from "../../core/io/pki/credentials.ts";
import { nodeCredentials } from "../../core/io/pki/places.ts";
import { loadUser } from "../../core/io/pki/users.ts";
import { type ImageId, nodeId, userNameOf } from "../../core/model/ids.ts";
import { createdAtOf, imageIdFrom } from "../../core/model/image-id.ts";
import { pageRecordsMax } from "../../core/model/limits.ts";
import type { ImageRecord } from "../../core/model/records.ts";
import { wallMs } from "../../core/model/units.ts";
import { openStore } from "../../core/store/open.ts";
import { extentHeadBytes, payloadSpaceOf, segmentIdOf } from "../../core/store/segment-format.ts";
import type { SegmentStore } from "../../core/store/store.ts";
import { hashOf, recordOf } from "../support/records.ts";
import { type Figure, nowMs } from "./figures.ts";
import { type Fleet, openFleet, pauseMs } from "./fleet.ts";
import { must } from "./must.ts";
import type { Options } from "./options.ts";

const node = nodeId(1);
const alice = userNameOf("alice");
/** One image every so often, back from now. */
const apartMs = 30_000;
/** For one batch of the store. */
const atOnce = 256;
const payload = new Uint8Array(1_032).fill(7);

export const measureMillion = async (options: Options): Promise<readonly Figure[]> => {
  const many = await filled(options.records);
  const few = await filled(pageRecordsMax);
  try {
    const starts = { many: [] as number[], few: [] as number[] };
    const pages = { many: [] as number[], few: [] as number[] };
    const asked = { many: [] as number[], few: [] as number[] };
    // The first turn warms the caches.
    for (let turn = 0; turn <= options.recordStarts; turn++)
      for (const [name, fleet] of [
        ["many", many],
        ["few", few],
      ] as const) {
        const run = await runOnce(fleet, options.recordPages);
        if (turn === 0) continue;
        starts[name].push(run.startMs);
        pages[name].push(...run.pagesMs);
        asked[name].push(...run.askedMs);
      }
    const floorIs = `the same of a node with ${pageRecordsMax} records`;
    const figure = (
      name: string,
      { many: values, few: floor }: typeof starts,
      median: number | null,
    ): Figure => ({
      name,
      unit: "ms",
      values,
      floor,
      floorIs,
      aim: median === null ? {} : { median },
    });
    const has = `${options.records.toLocaleString("en")} records`;
    return [
      figure(`start of a node with ${has}, until it leads`, starts, 1_000),
      figure(`page of list, ${listRecords} of ${has}, as the client asks`, asked, 10),
      figure(`page of list, as many as fit, of ${has}`, pages, null),
    ];
  } finally {
    await Promise.all([many.close(), few.close()]);
  }
};

/** A page ends sooner when a frame is full. */
const pageRecordsMin = 300;

interface Run {
  readonly startMs: number;
  readonly pagesMs: readonly number[];
  readonly askedMs: readonly number[];
}

const runOnce = async (fleet: Fleet, count: number): Promise<Run> => {
  const from = fleet.lines.length;
  const startedAtMs = nowMs();
  fleet.start(node);
  const led = await fleet.line("the node to lead", from, ({ event }) => event === "leader.elected");
  const user = must(await loadUser(fleet.data, alice, wallNow()));
  const session = openSession(fleet.config, user.credentials, systemClock());
  try {
    const timesOf = async (limit: number): Promise<number[]> => {
      const times: number[] = [];
      // The first makes the connection.
      for (let turn = -3; turn < count; turn++) {
        const before = nowMs();
        const page = must(
          await askAny(session, async (connection) => {
            await connection.send({ kind: "list", before: null, limit });
            return replyFrom(connection, ["list.page"]);
          }),
        );
        const ms = nowMs() - before;
        if (page.records.length < Math.min(limit, pageRecordsMin))
          throw new Error(`a page of ${page.records.length} records`);
        if (turn >= 0) times.push(ms);
        await pauseMs(20);
      }
      return times;
    };
    const askedMs = await timesOf(listRecords);
    return { startMs: led.atMs - startedAtMs, askedMs, pagesMs: await timesOf(pageRecordsMax) };
  } finally {
    session.pool.close();
    await fleet.stopAll();
  }
};

/** A fleet of one node, not running, with so many records. */
const filled = async (records: number): Promise<Fleet> => {
  const fleet = await openFleet({ nodes: [node] });
  // It is born as any other.
  fleet.start(node);
  await fleet.agreed(0);
  await fleet.stopAll();
  await usingStore(fleet, (store) => fill(store, records));
  return fleet;
};

const usingStore = async (
  { config, data }: Fleet,
  use: (store: SegmentStore) => Promise<void>,
): Promise<void> => {
  const folder = nodeFolderOf(data, node);
  const { cluster } = must(loadCredentials(nodeCredentials(data, node), wallNow())).peer;
  const identity = must(readOrMakeIdentity(folder, node, cluster));
  const index = must(await openIndex(join(folder, "index.sqlite")));
  const store = await openStore({
    disk: await openFolderDisk(join(folder, "segments")),
    index,
    store: identity.store,
    node,
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: config.storage.segmentBytes,
    headroomBytes: config.storage.headroomBytes,
  });
  await use(store);
  await store.close();
};

export const fill = async (store: SegmentStore, records: number): Promise<void> => {
  const now = wallNow();
  const hash = hashOf(payload);
  const idAt = (number: number): ImageId => {
    const random = new Uint8Array(10);
    new DataView(random.buffer).setUint32(6, number);
    return imageIdFrom(wallMs(now - (records - number) * apartMs), random);
  };
  const space = await store.segments.reservePayload(idAt(0), payload.length);
  await store.segments.write(space, extentHeadBytes, [payload]);
  space.release();
  const place = { segment: space.segment, at: space.at, bytes: payloadSpaceOf(payload.length) };
  for (let from = 0; from < records; from += atOnce) {
    const count = Math.min(atOnce, records - from);
    const wishes = Array.from({ length: count }, (_, at) => {
      const record = recordAt(idAt(from + at), hash, store.id);
      const staged = { payloadBytes: payload.length, hash, where: { kind: "placed", place } } as const;
      return store.wish({ kind: "commit", record, payload: staged });
    });
    for (const done of await Promise.all(wishes)) must(done);
  }
};

const recordAt = (id: ImageId, payloadHash: Uint8Array, store: SegmentStore["id"]): ImageRecord => {
  const record = recordOf(id);
  const stamp = { atMs: createdAtOf(id), node };
  return {
    ...record,
    facts: { ...record.facts, payloadHash, payloadBytes: payload.length },
    homes: { [String(node)]: { stamp, value: { store, syncedAt: createdAtOf(id) } } },
    inspection: { stamp, value: { verdict: "ok", thumbnail: null } },
  };
};
