/**
 * The small store whose bytes `docs/format.md` shows: one picture is uploaded, decoded, and, in the end, purged. It is
 * written by the real store, with ids and keys that are always the same. The picture and its keys are those of
 * `docs/sealing.md`.
 */
import { createHash } from "node:crypto";
import { nodeId, storeId, term, userNameOf } from "../../../core/model/ids.ts";
import type { ImageRecord, Tombstone } from "../../../core/model/records.ts";
import { wallMs } from "../../../core/model/units.ts";
import { imageIdOf } from "../../../core/seal/image-id.ts";
import { payloadNonce } from "../../../core/seal/nonce.ts";
import { sealWhole } from "../../../core/seal/payload.ts";
import { erasePurged } from "../../../core/store/eraser.ts";
import { openStore } from "../../../core/store/open.ts";
import {
  blockBytes,
  entryHeadBytes,
  extentHeadBytes,
  segmentIdOf,
} from "../../../core/store/segment-format.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { createMemoryIndexDisk } from "../../sim/memory-index.ts";
import { createRandom } from "../../sim/random.ts";
import { createSimFolder } from "../../sim/sim-folder.ts";

/** Alice's, as in `docs/sealing.md`. */
export const workedIdentity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
export const workedPicture = Buffer.from("a picture");
/** A WebP of one pixel. */
export const workedThumbnail = Buffer.from(
  "524946461e000000574542505650384c110000002f0000000007d0ddaa96b9ff8188e87f0000",
  "hex",
);

const fileKey = Uint8Array.from({ length: 16 }, (_, at) => at);
/** The file key, wrapped to alice by the age library. */
const header = Buffer.from(
  [
    "age-encryption.org/v1",
    "-> X25519 JWrja963mh8kIuYTSahb08CXwiwHi88foqvdrSBnPDg",
    "ho7F0OS5ja/7P+NpZLpMBRVmpioRQJLFROwMK+w2BcM",
    "--- T3MJNciuVzGVt6rB7UBOLGBp+jCFYpBiAf6fEbs8o6I",
    "",
  ].join("\n"),
);

const node = nodeId(1);
const store = storeId("00112233445566778899aabbccddeeff");
const segment = segmentIdOf("5e9e5e9e5e9e5e9e5e9e5e9e5e9e5e9e");
const alice = userNameOf("alice");
const pickedAt = wallMs(Date.UTC(2026, 0, 31, 12));
const hashOf = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(bytes).digest());
export const workedId = imageIdOf(pickedAt, fileKey, hashOf(workedPicture), alice);
const nonce = payloadNonce(fileKey, hashOf(workedPicture));
const payload = sealWhole(fileKey, nonce, workedPicture);
const first = { atMs: pickedAt, node };

/** As the processing node writes it down, in a cluster of this one node. */
const uploaded: ImageRecord = {
  kind: "image",
  facts: {
    id: workedId,
    owner: alice,
    name: "photo.png",
    bytes: workedPicture.length,
    type: "image/png",
    width: 3,
    height: 3,
    createdAt: pickedAt,
    payloadHash: hashOf(payload),
    payloadBytes: payload.length,
    nonce,
    fingerprint: Buffer.from("ec54e2bb1ac989348471c3889fb41fa1021cba95c99fa8502ad77e767201957f", "hex"),
  },
  processing: {
    node,
    term: term(7),
    assignedBy: "leader",
    leader: node,
    candidates: [],
    attempt: 1,
    startedAt: wallMs(pickedAt + 20),
  },
  headers: { alice: { stamp: first, value: header } },
  homes: { "1": { stamp: first, value: { store, syncedAt: null } } },
  inspection: { stamp: first, value: { verdict: "pending", thumbnail: null } },
  trashed: { stamp: first, value: null },
  condemned: {},
};

/** The picture was decoded, and the copy is known to be synced. */
const decoded: ImageRecord = {
  ...uploaded,
  homes: { "1": { stamp: { atMs: pickedAt + 31, node }, value: { store, syncedAt: wallMs(pickedAt + 30) } } },
  inspection: {
    stamp: { atMs: pickedAt + 31, node },
    value: { verdict: "ok", thumbnail: sealWhole(fileKey, new Uint8Array(16).fill(0x42), workedThumbnail) },
  },
};

const tombstone: Tombstone = {
  kind: "tombstone",
  id: workedId,
  owner: alice,
  purge: { stamp: { atMs: pickedAt + 1, node }, reason: "owner" },
  erasedOn: [],
};

export interface WorkedStore {
  readonly manifest: string;
  readonly segmentName: string;
  /** All of the segment, after the node was stopped; and when the picture was purged since. */
  readonly segment: Uint8Array;
  readonly purged: Uint8Array;
  /** The pieces that the page shows, by the name they have there. */
  readonly shown: Readonly<Record<string, Uint8Array>>;
}

export const makeWorkedStore = async (): Promise<WorkedStore> => {
  const folder = createSimFolder(createRandom(1));
  const index = createMemoryIndexDisk();
  const open = (): Promise<SegmentStore> =>
    openStore({
      disk: folder.open(() => Promise.resolve()),
      index: index.open(),
      store,
      node,
      newSegmentId: () => segment,
      segmentBytes: 67_108_864,
      headroomBytes: 0,
    });
  const segmentName = `${segment}.segment`;
  const contentOf = (name: string): Uint8Array => folder.contentOf(name)?.slice() ?? new Uint8Array(0);

  const alive = await open();
  const writer = await alive.begin(workedId, payload.length);
  if (!writer.ok) throw new Error(writer.fault.code);
  await writer.value.write(payload);
  await writer.value.commit(uploaded);
  await alive.merge([decoded]);
  await alive.close();
  const before = contentOf(segmentName);
  const manifest = Buffer.from(contentOf("manifest.json")).toString("utf8");

  const again = await open();
  await again.merge([tombstone]);
  await erasePurged(again, 1);
  const after = contentOf(segmentName);
  await again.close();

  const block = (at: number): number => at * blockBytes;
  const batch = (bytes: Uint8Array, at: number): Uint8Array => {
    const logBytes = Number(Buffer.from(bytes).readBigUInt64BE(block(at) + 28));
    return bytes.slice(block(at), block(at) + extentHeadBytes + logBytes);
  };
  const second = batch(before, 3);
  const thumbnailBytes = Buffer.from(second).readUInt32BE(extentHeadBytes + 4);
  return {
    manifest,
    segmentName,
    segment: before,
    purged: after,
    shown: {
      "segment-head": before.slice(0, 52),
      payload: before.slice(block(1), block(1) + extentHeadBytes + payload.length),
      "batch-1": batch(before, 2),
      "batch-2-heads": second.slice(0, extentHeadBytes + entryHeadBytes),
      "batch-2-thumbnail": second.slice(-thumbnailBytes),
      "batch-3": batch(before, 4),
      "batch-5": batch(after, 6),
    },
  };
};
