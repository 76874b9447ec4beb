/**
 * Looking into the disks of dead nodes from outside, as no node can: copies of them are opened, their indexes made anew
 * from the segments, and everything that is there is read.
 */
import { createHash, randomBytes } from "node:crypto";
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { openFolderDisk } from "../../core/io/folder-disk.ts";
import { openIndex } from "../../core/io/index/index-client.ts";
import { readOrMakeIdentity } from "../../core/io/node-data.ts";
import { type ClusterConfig, copiesWanted } from "../../core/model/config.ts";
import type { ClusterId, ImageId, NodeId } from "../../core/model/ids.ts";
import { type AnyRecord, homesOf, recordId } from "../../core/model/records.ts";
import { openStore } from "../../core/store/open.ts";
import { segmentIdOf } from "../../core/store/segment-format.ts";
import type { SegmentStore } from "../../core/store/store.ts";
import { must } from "../bench/must.ts";
import type { JudgedImage } from "./orders.ts";
import type { Town } from "./town.ts";

interface OpenDisk {
  readonly node: NodeId;
  readonly store: SegmentStore;
  readonly records: ReadonlyMap<ImageId, AnyRecord>;
}

/** What is wrong with the disks of all nodes, as sentences. */
export const faultsOnDisks = async (
  town: Town,
  cluster: ClusterId,
  images: readonly JudgedImage[],
): Promise<readonly string[]> => {
  const disks: OpenDisk[] = [];
  try {
    for (const node of town.nodes) {
      cpSync(town.diskOf(node), placeOf(town, node), { recursive: true });
      const wrong = await differsWhenRemade(town, cluster, node);
      if (wrong !== null) return [wrong];
      disks.push(await openDisk(town, cluster, node));
    }
    const different = disks.flatMap((disk) => differences(disks[0], disk));
    return [...different, ...(await faultsOfImages(town.config, disks, images))];
  } finally {
    for (const { store } of disks) await store.close();
  }
};

/** An index that is made anew from the segments must be the one that the node had. */
const differsWhenRemade = async (town: Town, cluster: ClusterId, node: NodeId): Promise<string | null> => {
  const had = await openDisk(town, cluster, node);
  await had.store.close();
  for (const end of ["", "-wal", "-shm"])
    rmSync(join(placeOf(town, node), `index.sqlite${end}`), { force: true });
  const remade = await openDisk(town, cluster, node);
  const [difference] = differences(had, remade);
  await remade.store.close();
  return difference === undefined ? null : `an index made anew says otherwise: ${difference}`;
};

/** Where the copy of the disk is. */
const placeOf = (town: Town, node: NodeId): string => join(town.folder, "looked-at", String(node));

const openDisk = async (town: Town, cluster: ClusterId, node: NodeId): Promise<OpenDisk> => {
  const folder = placeOf(town, node);
  const { store: id } = must(readOrMakeIdentity(folder, node, cluster));
  const store = await openStore({
    disk: await openFolderDisk(join(folder, "segments")),
    index: must(await openIndex(join(folder, "index.sqlite"))),
    store: id,
    node,
    newSegmentId: () => segmentIdOf(randomBytes(16).toString("hex")),
    segmentBytes: town.config.storage.segmentBytes,
    headroomBytes: 0,
  });
  const records = new Map<ImageId, AnyRecord>();
  for (let after: ImageId | null = null; ; ) {
    const page = await store.walk(after, 1_000);
    for (const { record } of page.holdings) {
      after = recordId(record);
      records.set(after, record);
    }
    if (!page.more) break;
  }
  return { node, store, records };
};

const differences = (one: OpenDisk | undefined, other: OpenDisk): readonly string[] => {
  if (one === undefined) return [];
  const ids = new Set([...one.records.keys(), ...other.records.keys()]);
  return [...ids].flatMap((id) => {
    const [a, b] = [one.records.get(id), other.records.get(id)];
    return isDeepStrictEqual(a, b)
      ? []
      : [`node ${one.node} and node ${other.node} know ${id} differently: ${say(a)} and ${say(b)}`];
  });
};

const say = (record: AnyRecord | undefined): string => JSON.stringify(record ?? null);

const faultsOfImages = async (
  config: ClusterConfig,
  disks: readonly OpenDisk[],
  images: readonly JudgedImage[],
): Promise<readonly string[]> => {
  const fates = new Map(images.map(({ id, fate }) => [id, fate]));
  const wrong = images
    .filter(({ id, fate }) => fate === "kept" && disks[0]?.records.get(id as ImageId)?.kind !== "image")
    .map(({ id }) => `${id} was acknowledged and is on no disk`);
  for (const [id, record] of disks[0]?.records ?? []) {
    const fate = fates.get(id);
    if (fate === undefined) wrong.push(`${id} is on the disks, and nobody uploaded it`);
    else if (fate === "gone") wrong.push(`${id} was purged, and there still is a ${record.kind} of it`);
    else if (record.kind === "image") wrong.push(...(await faultsOfCopies(config, disks, id, fate)));
  }
  return wrong;
};

/** Each copy is whole, listed, and there are as many as are wanted. */
const faultsOfCopies = async (
  config: ClusterConfig,
  disks: readonly OpenDisk[],
  id: ImageId,
  fate: JudgedImage["fate"],
): Promise<readonly string[]> => {
  const wrong: string[] = [];
  let copies = 0;
  for (const { node, store, records } of disks) {
    const record = records.get(id);
    if (record?.kind !== "image" || (await store.get(id))?.here !== true) continue;
    copies++;
    if (!homesOf(record).some((home) => home.node === node && home.store === store.id))
      wrong.push(`the copy of ${id} on node ${node} is listed nowhere`);
    const hash = await payloadHash(store, id);
    if (hash !== Buffer.from(record.facts.payloadHash).toString("hex"))
      wrong.push(`the copy of ${id} on node ${node} is damaged (${hash})`);
  }
  const wanted = copiesWanted(config);
  if (fate === "kept" && copies < wanted) wrong.push(`${id} has ${copies} copies, ${wanted} are wanted`);
  return wrong;
};

const payloadHash = async (store: SegmentStore, id: ImageId): Promise<string> => {
  const read = await store.read(id);
  if (!read.ok) return read.fault.code;
  const hash = createHash("sha256");
  for await (const chunk of read.value) hash.update(chunk);
  return hash.digest("hex");
};
