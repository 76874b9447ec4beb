/**
 * Has this image been stored already, here or elsewhere?
 *
 * An acknowledged record is on W nodes, so whoever knows it not himself and has asked N − W others has met one that
 * does. Pulling their feeds would tell the same; but a node that was away has much to pull, and whoever tries an
 * upload again has waited already. So the question is about this one image, and nobody's answer is waited for once
 * enough have come. Who knows it in a version from far ahead of our clock has not answered: it is not to be taken in yet,
 * and that nobody had it would be wrong.
 */
import { bad, fault, good, type Result } from "../model/faults.ts";
import type { ImageId, NodeId } from "../model/ids.ts";
import type { AnyRecord } from "../model/records.ts";
import type { Holding } from "../ports.ts";
import { askRecords } from "./ask-records.ts";
import { withPeer } from "./exchange.ts";
import { firstGood } from "./first-good.ts";
import { behindFault } from "./freshness.ts";
import { type NodeContext, noteDisk, readyPeers } from "./node-context.ts";
import { acceptable, earlyMs } from "./take-in.ts";

/**
 * What is known of `id`, here by now; null when nobody stored it. Too few who answer to be sure: NO_QUORUM, or
 * NODE_NOT_READY when it is for this node's clock.
 */
export const lookUp = (context: NodeContext, id: ImageId): Promise<Result<Holding | null>> =>
  context.underWay.during([id], () => findAnywhere(context, id));

const findAnywhere = async (context: NodeContext, id: ImageId): Promise<Result<Holding | null>> => {
  const { store, config, rules } = context;
  const known = await store.get(id);
  if (known !== null) return good(known);
  const othersNeeded = rules.readQuorum(config.servers.length) - 1;
  const answers = await firstGood(
    readyPeers(context).map((node) => ask(context, node, id)),
    othersNeeded,
  );
  if (answers.good < othersNeeded) {
    if (answers.faults.some(({ code }) => code === "CLOCK_AHEAD")) return bad(behindFault());
    return bad(fault("NO_QUORUM", { live: answers.good + 1, needed: othersNeeded + 1 }));
  }
  const found = await acceptable(context, answers.values.flat());
  if (found.length === 0) return good(null);
  const merged = await store.merge(found);
  return merged.ok ? good(await store.get(id)) : bad(noteDisk(context, merged.fault));
};

const ask = async (
  context: NodeContext,
  node: NodeId,
  id: ImageId,
): Promise<Result<readonly AnyRecord[]>> => {
  const answer = await withPeer(context, node, async (connection) => {
    const known: AnyRecord[] = [];
    for await (const records of askRecords(connection, [id])) known.push(...records);
    return known;
  });
  const aheadMs = answer.ok ? earlyMs(context, answer.value) : 0;
  return aheadMs > 0 ? bad(fault("CLOCK_AHEAD", { aheadMs })) : answer;
};
