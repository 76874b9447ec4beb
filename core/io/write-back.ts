/**
 * Making sure that a majority has what this node is about to show, or has just changed.
 */
import { majorityOf } from "../model/config.ts";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { ImageId } from "../model/ids.ts";
import { frameBytesMax, pageRecordsMax } from "../model/limits.ts";
import { type AnyRecord, roughBytesOf } from "../model/records.ts";
import type { Holding } from "../ports.ts";
import { replyFrom, withPeer } from "./exchange.ts";
import { firstGood } from "./first-good.ts";
import { type NodeContext, readyPeers } from "./node-context.ts";

/** Resolves when a majority has all of them on disk. Too few: NO_QUORUM; NODE_NOT_READY when their clocks refuse it. */
export const settle = async (context: NodeContext, holdings: readonly Holding[]): Promise<Result<void>> => {
  const majority = majorityOf(context.config.servers.length);
  const known = new Map([...context.driver.peerDisks()].map(([node, disk]) => [node, disk.hasOfOurs]));
  const unsettled = holdings.filter(({ change }) => !context.rules.isSettled(change, known, majority));
  const records = unsettled.map(({ record }) => record);
  return context.underWay.during(imagesIn(records), async () => {
    for (const page of pagesOf(records)) {
      const peers = readyPeers(context);
      const told = await firstGood(
        // Those that are not waited for take as long as they take.
        peers.map((peer) => context.underWay.during(imagesIn(page), () => tell(context, peer, page))),
        majority - 1,
      );
      if (told.good < majority - 1) return bad(tooFew(told.faults, told.good + 1, majority));
    }
    return good(undefined);
  });
};

/** A tombstone may come as late as it likes. */
export const imagesIn = (records: readonly AnyRecord[]): readonly ImageId[] =>
  records.flatMap((record) => (record.kind === "image" ? [record.facts.id] : []));

/** Whether every other node has all of these tombstones on disk now. */
export const tellAll = async (context: NodeContext, records: readonly AnyRecord[]): Promise<boolean> => {
  const { config, rules, self } = context;
  const peers = rules.mustHear(config.servers.map(({ id }) => id).filter((id) => id !== self));
  const ready = new Set(readyPeers(context));
  if (!peers.every((peer) => ready.has(peer))) return false;
  for (const page of pagesOf(records)) {
    const told = await Promise.all(peers.map((peer) => tell(context, peer, page)));
    if (!told.every(({ ok }) => ok)) return false;
  }
  return true;
};

/**
 * A peer that refused has a reason; that others cannot be reached says less. What has a stamp from far ahead was changed
 * by this node's clock, or came when both were wrong: no client can mend that, but another node may do better.
 */
const tooFew = (faults: readonly Fault[], live: number, needed: number): Fault => {
  for (const refused of faults)
    if (refused.code === "CLOCK_AHEAD") {
      const ahead = `${(refused.aheadMs / 1000).toFixed(0)} s`;
      return fault("NODE_NOT_READY", {
        reason: `it has a change dated ${ahead} ahead of another node's clock`,
      });
    }
  return fault("NO_QUORUM", { live, needed });
};

const tell = (
  context: NodeContext,
  peer: Parameters<typeof withPeer>[1],
  records: readonly AnyRecord[],
): Promise<Result<void>> =>
  withPeer(context, peer, async (connection) => {
    await connection.send({ kind: "merge", records });
    await replyFrom(connection, ["stored"]);
  });

/** Cut so that each fits in a frame; sizes are rough, so by half. */
const pagesOf = (records: readonly AnyRecord[]): readonly (readonly AnyRecord[])[] => {
  const pages: AnyRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const rough = roughBytesOf(record);
    const page = pages.at(-1);
    bytes += rough;
    if (page !== undefined && bytes <= frameBytesMax / 2 && page.length < pageRecordsMax) {
      page.push(record);
    } else {
      pages.push([record]);
      bytes = rough;
    }
  }
  return pages;
};
