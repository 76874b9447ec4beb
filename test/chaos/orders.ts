/**
 * What the story and its people tell each other, over the channel between two processes: the people live where they can
 * reach the nodes, and from where the nodes are killed they cannot be reached.
 */
import { type UserName, userNameOf } from "../../core/model/ids.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";
import type { Tally } from "./tally.ts";

/** Whose images they are. Two people share a name, so that what one does the other sees. */
export const owners: readonly UserName[] = ["alice", "bob", "carol", "dora"].map(userNameOf);

export interface CrowdOptions {
  readonly seed: number;
  readonly people: number;
  readonly configPath: string;
  /** Where everybody's credentials are: the users' and, for looking behind the scenes, the nodes'. */
  readonly data: string;
  /** For what comes back sealed. */
  readonly folder: string;
}

export type Order =
  /** Everybody finishes what is in hand; `rested` is the answer. */
  | { readonly kind: "rest" }
  /** Everything is healed: read all of it from every node; `judged` is the answer. */
  | { readonly kind: "judge" };

export type Word =
  | { readonly kind: "ready" }
  /** What each node says of itself and the others, null of one that says nothing; asked at that moment (`nowMs`). */
  | { readonly kind: "views"; readonly askedAt: number; readonly views: Views }
  | { readonly kind: "tally"; readonly tally: Tally; readonly failures: Readonly<Record<string, number>> }
  /** A promise is broken. */
  | { readonly kind: "wrong"; readonly sentence: string }
  /** What the judging waits for. */
  | { readonly kind: "waiting"; readonly what: string }
  | { readonly kind: "rested" }
  | { readonly kind: "judged"; readonly images: readonly JudgedImage[] };

export type Views = readonly { readonly node: number; readonly view: Snapshot | null }[];

/** One image of the ledger, for whoever looks into the disks. */
export interface JudgedImage {
  readonly id: string;
  /** `kept`: acknowledged and wanted; `gone`: its purge was acknowledged; `open`: nobody was told. */
  readonly fate: "kept" | "gone" | "open";
}

/** Of the machine, so that two processes can compare. */
export const nowMs = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000;
