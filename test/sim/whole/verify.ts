/**
 * Looking into the disks from outside, as no node can: who really has what.
 */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { FaultError, wordFault } from "../../../core/model/faults.ts";
import type { NodeId } from "../../../core/model/ids.ts";
import { shortId } from "../../../core/model/ids.ts";
import { type AnyRecord, homesOf, recordId } from "../../../core/model/records.ts";
import type { SegmentStore } from "../../../core/store/store.ts";
import { Broken, type Upload } from "./ledger.ts";
import type { WholeWorld } from "./whole-world.ts";

/** How many acknowledged images would have too few copies if `victim` lost its disk now. */
export const missingCopies = async (world: WholeWorld, victim: NodeId): Promise<number> => {
  let missing = 0;
  const rest = world.hosts.filter(({ id }) => id !== victim);
  for (const upload of world.ledger.uploads.values()) {
    if (upload.acknowledgedAt === null || upload.purgeAsked) continue;
    let copies = 0;
    for (const { process } of rest) copies += Number(await isOn(process?.store ?? null, upload));
    if (copies < Math.min(world.copiesWanted, world.ids.length) - 1) missing++;
  }
  return missing;
};

/** Whether it says so; one whose index lacks something says nothing. */
const isOn = async (store: SegmentStore | null, { id }: Upload): Promise<boolean> => {
  try {
    return (await store?.get(id))?.here === true;
  } catch (error) {
    if (error instanceof FaultError) return false;
    throw error;
  }
};

/** Everything that must be true once the world has been healed for long enough; throws `Broken`. */
export const verify = async (world: WholeWorld): Promise<void> => {
  world.ledger.tick(world.now());
  for (const { id, process } of world.hosts)
    if (process?.driver.ready !== true) throw new Broken("comesBack", `node ${id} is not ready`);
  const stores = world.hosts.flatMap(({ process }) => (process === null ? [] : [process.store]));
  await knowAlike(stores);
  for (const upload of world.ledger.uploads.values()) await verifyUpload(world, stores, upload);
  await verifyRemade(world);
};

/** Whether `verify` is content. Most often that it is not shows in a few sums. */
export const isHealed = async (world: WholeWorld): Promise<boolean> => {
  try {
    if (!(await looksHealed(world))) return false;
    await verify(world);
    return true;
  } catch (error) {
    if (error instanceof Broken) return false;
    throw error;
  }
};

const looksHealed = async (world: WholeWorld): Promise<boolean> => {
  const sums = new Set<string>();
  for (const { process } of world.hosts) {
    if (process?.driver.ready !== true) return false;
    if ((await process.store.index.tombstones(null, 1)).rows.length > 0) return false;
    sums.add(JSON.stringify(await process.store.digests()));
  }
  return sums.size === 1;
};

/** The index of each node, made anew on a copy of its disk, is what the node has; throws `Broken`. */
const verifyRemade = async (world: WholeWorld): Promise<void> => {
  for (const host of world.hosts) {
    const { process } = host;
    if (process === null) continue;
    const remade = await openedCopy(host);
    const [now, anew] = await Promise.all([contentOf(process.store), contentOf(remade)]);
    const different = firstDifference(now, anew);
    if (different !== null) throw new Broken("remade", `on node ${host.id} ${different}`);
    await remade.close();
  }
};

/**
 * Of what is on a disk now an index could be made anew, whatever is under way; throws `Broken`. Not of a disk that rots,
 * until it is found, nor of one that has failed: nobody relies on those.
 */
export const verifyRecoverable = async (world: WholeWorld): Promise<void> => {
  for (const host of world.hosts) {
    const { process } = host;
    if (process?.driver.ready !== true || process.store.fault !== null || host.mayBeRotten) continue;
    await (await openedCopy(host)).close();
  }
};

/** Damage that nobody has found yet would be found at the next start; the scrub must find it before. */
const openedCopy = async (host: WholeWorld["hosts"][number]): Promise<SegmentStore> => {
  try {
    return await host.openCopy();
  } catch (error) {
    if (error instanceof FaultError)
      throw new Broken("remade", `node ${host.id}: ${wordFault(error.fault).what}`);
    throw error;
  }
};

/** Images that nobody purged and that are gone because they were in the trash for long. */
export const countExpired = async (world: WholeWorld): Promise<void> => {
  for (const { id, acknowledgedAt, purgeAsked } of world.ledger.uploads.values()) {
    if (acknowledgedAt === null || purgeAsked) continue;
    const holding = await world.hosts[0]?.process?.store.get(id);
    world.counters.expired += Number(holding === null);
  }
};

const knowAlike = async (stores: readonly SegmentStore[]): Promise<void> => {
  const all = await Promise.all(stores.map(contentOf));
  const [first = new Map<string, AnyRecord>()] = all;
  for (const other of all.slice(1)) {
    const different = firstDifference(first, other);
    if (different !== null) throw new Broken("knownAlike", different);
  }
  for (const record of first.values())
    if (record.kind === "tombstone") throw new Broken("tombstonesGo", `the tombstone of ${record.id} stays`);
};

const firstDifference = (
  one: ReadonlyMap<string, AnyRecord>,
  other: ReadonlyMap<string, AnyRecord>,
): string | null => {
  for (const id of new Set([...one.keys(), ...other.keys()])) {
    const [a, b] = [one.get(id), other.get(id)];
    if (!isDeepStrictEqual(a, b)) return `${id} is known differently: ${differences(a, b)}`;
  }
  return null;
};

const differences = (a: AnyRecord | undefined, b: AnyRecord | undefined): string => {
  if (a === undefined || b === undefined || a.kind !== b.kind)
    return `${a?.kind ?? "nothing"} and ${b?.kind ?? "nothing"}`;
  const [left, right] = [Object.entries(a), new Map(Object.entries(b))];
  return left
    .filter(([key, value]) => !isDeepStrictEqual(value, right.get(key)))
    .map(([key, value]) => `${key} ${JSON.stringify(value)} and ${JSON.stringify(right.get(key))}`)
    .join("; ");
};

const contentOf = async (store: SegmentStore): Promise<ReadonlyMap<string, AnyRecord>> => {
  const { holdings } = await store.walk(null, 100_000);
  return new Map(holdings.map(({ record }) => [recordId(record), record]));
};

const verifyUpload = async (
  world: WholeWorld,
  stores: readonly SegmentStore[],
  upload: Upload,
): Promise<void> => {
  const { id } = upload;
  const name = shortId(id);
  const holding = await stores[0]?.get(id);
  const record = holding?.record;
  if (record?.kind !== "image") {
    if (upload.acknowledgedAt !== null && !upload.purgeAsked && !upload.mayExpire)
      throw new Broken("acknowledgedStays", `${name} is gone`);
    return;
  }
  if (upload.purgedAt !== null) throw new Broken("purgedStaysGone", `${name} is back`);
  const homes = homesOf(record);
  let copies = 0;
  for (const store of stores) {
    const here = await store.get(id);
    if (here?.here !== true) continue;
    copies++;
    const hash = createHash("sha256")
      .update(await payloadIn(store, upload))
      .digest();
    if (!hash.equals(upload.payloadHash)) throw new Broken("rightBytes", `a copy of ${name} is damaged`);
    if (!homes.some((home) => home.store === store.id))
      throw new Broken("onDisks", `${name} is on disk ${store.id.slice(0, 4)} and not listed there`);
  }
  if (upload.acknowledgedAt !== null && copies < world.copiesWanted)
    throw new Broken("onDisks", `${name} has ${copies} copies, ${world.copiesWanted} are wanted`);
};

const payloadIn = async (store: SegmentStore, { id }: Upload): Promise<Uint8Array> => {
  const read = await store.read(id);
  if (!read.ok) throw new Broken("onDisks", `${shortId(id)} cannot be read: ${read.fault.code}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of read.value) chunks.push(chunk);
  return Buffer.concat(chunks);
};
