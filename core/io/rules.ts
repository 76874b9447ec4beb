/**
 * The decisions on which the safety of images rests, in one place. Production has these; the simulator puts one that is
 * wrong in its place, to see that somebody notices (`test/sim/whole/mutants.ts`).
 */
import { erasureOf, mayForget, tombstoneMs } from "../decide/erasure.ts";
import { refillStep } from "../decide/refill.ts";
import { beginReplication } from "../decide/replication.ts";
import { isSettled } from "../decide/settled.ts";
import { majorityOf } from "../model/config.ts";
import type { NodeId } from "../model/ids.ts";
import { isIdOf } from "../seal/image-id.ts";
import { payloadNonce } from "../seal/nonce.ts";

export interface Rules {
  /** Of how many nodes, this one included, the changes must be known before anything is answered. */
  readonly readQuorum: (nodes: number) => number;
  readonly isSettled: typeof isSettled;
  readonly beginReplication: typeof beginReplication;
  readonly isIdOf: typeof isIdOf;
  readonly payloadNonce: typeof payloadNonce;
  readonly refillStep: typeof refillStep;
  readonly erasureOf: typeof erasureOf;
  readonly mayForget: typeof mayForget;
  readonly tombstoneMs: typeof tombstoneMs;
  /** Who must have a tombstone on disk once more just before it goes. */
  readonly mustHear: (others: readonly NodeId[]) => readonly NodeId[];
}

export const realRules: Rules = {
  readQuorum: (nodes) => nodes - majorityOf(nodes) + 1,
  isSettled,
  beginReplication,
  isIdOf,
  payloadNonce,
  refillStep,
  erasureOf,
  mayForget,
  tombstoneMs,
  mustHear: (others) => others,
};
