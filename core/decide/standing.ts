/**
 * Is this disk what the others remember of it?
 *
 * A disk may come back empty, or from an old backup, and does not know. So before a node votes or answers for
 * anything it hears what the others remember of its disk from before it was started: which birth, how often its term
 * was saved, how far its change feed was. What they remember may be older than the disk, never newer. An empty disk is
 * new only when all nodes say that theirs are empty too; then they are born together, and each remembers the others from
 * that moment.
 *
 * Only nodes that have a memory count as witnesses: N − W of them, so that together with this node there is one of
 * every majority that it was ever part of.
 */
import type { DiskMemory, PeerMemory } from "../model/control.ts";
import type { NodeId, StoreId } from "../model/ids.ts";

export type Standing =
  /** Nothing is on it, and nobody has said yet what that means. */
  | { readonly kind: "unborn" }
  /** Nothing is on any disk, and one of them took the place of a damaged one: nobody knows what is lost. */
  | { readonly kind: "lost" }
  /** It has a past, which nobody has confirmed yet. */
  | { readonly kind: "returning" }
  /** It is being filled from the others (`decide/refill.ts`). */
  | { readonly kind: "rebuilding" }
  | { readonly kind: "ready" };

/**
 * This node's disk as it was when the process started, but for the saves of one that is unborn: its founders have heard
 * of this very process. `generation` is 0 while it is empty or not filled yet.
 */
export type OwnDisk = DiskMemory;

/** What one live peer says of its own disk and remembers of ours. */
export interface Witness {
  readonly node: NodeId;
  readonly store: StoreId;
  readonly generation: number;
  readonly remembers: DiskMemory | null;
  /** Its disk took the place of a damaged one. */
  readonly replaces: boolean;
}

export interface StandingRules {
  readonly nodes: number;
  readonly majority: number;
  /** The operator has said that what cannot be found again is to be given up. */
  readonly acceptLoss: boolean;
  /** This disk took the place of a damaged one. */
  readonly replaces: boolean;
  /** So long was waited that whoever lives has had the time to speak. */
  readonly patient: boolean;
}

export type Judgement =
  /** For these nodes to be heard; empty when any of the others will do. */
  | { readonly kind: "wait"; readonly for: readonly NodeId[] }
  /** A new cluster: first persist generation 1, and that every other disk has it too. */
  | { readonly kind: "born" }
  /** Empty like all others, and yet not new. */
  | { readonly kind: "lost" }
  /** It was born together with the others and has not noticed. */
  | { readonly kind: "adopt"; readonly generation: number }
  | { readonly kind: "confirmed" }
  /** Empty, but not new: to be filled. */
  | { readonly kind: "rebuild" }
  /** Older than what the others remember: to be set aside and filled anew. */
  | { readonly kind: "outdated"; readonly reason: string };

/** `peers`: all other nodes. Of a disk that is neither unborn nor returning there is nothing to judge. */
export const judgeDisk = (
  own: OwnDisk,
  standing: "unborn" | "returning",
  witnesses: readonly Witness[],
  peers: readonly NodeId[],
  rules: StandingRules,
): Judgement =>
  standing === "unborn"
    ? judgeEmpty(own, witnesses, peers, rules)
    : judgeReturning(own, witnesses, peers, rules);

const judgeEmpty = (
  own: OwnDisk,
  witnesses: readonly Witness[],
  peers: readonly NodeId[],
  rules: StandingRules,
): Judgement => {
  const remembered = witnesses.flatMap(({ remembers }) =>
    remembers === null || remembers.generation === 0 ? [] : [remembers],
  );
  // Who was quicker than a disk that was lost in the middle of a founding may remember the one before.
  if (remembered.some(({ store }) => store !== own.store)) return { kind: "rebuild" };
  for (const memory of remembered) {
    // Its generation is what it has not noticed. What else is missing was on it once: it is a copy from before its birth.
    const reason = fallenBehind({ ...own, generation: memory.generation }, memory);
    if (reason !== null) return { kind: "outdated", reason: `a node remembers ${reason}` };
  }
  const [founder] = remembered;
  if (founder !== undefined) return { kind: "adopt", generation: founder.generation };
  if (witnesses.some(({ generation }) => generation > 0)) return { kind: "rebuild" };
  // A node that is being filled has no past to show, and may know of ours: so all of the others have to speak.
  const missing = peers.filter((peer) => !witnesses.some(({ node }) => node === peer));
  const lost = rules.acceptLoss && rules.patient;
  if (missing.length > 0 && !lost) return { kind: "wait", for: missing };
  const replaced = rules.replaces || witnesses.some(({ replaces }) => replaces);
  return replaced && !lost ? { kind: "lost" } : { kind: "born" };
};

const judgeReturning = (
  own: OwnDisk,
  witnesses: readonly Witness[],
  peers: readonly NodeId[],
  rules: StandingRules,
): Judgement => {
  const outdated = judgeConfirmed(own, witnesses);
  if (outdated !== null) return outdated;
  const needed = rules.nodes - rules.majority;
  const heard = witnesses.filter(({ generation }) => generation > 0).map(({ node }) => node);
  // Of two nodes one is enough to go by itself; but the other is asked, if it is there.
  const enough = needed > 0 ? heard.length >= needed : heard.length === peers.length || rules.patient;
  if (enough || (rules.acceptLoss && rules.patient)) return { kind: "confirmed" };
  return { kind: "wait", for: peers.filter((peer) => !heard.includes(peer)) };
};

/**
 * Whoever confirmed a disk may have been out of reach since before a backup was made of it. So it is asked again with
 * each node that is heard; null while nobody knows better.
 */
export const judgeConfirmed = (
  own: OwnDisk,
  witnesses: readonly Witness[],
): Extract<Judgement, { readonly kind: "outdated" }> | null => {
  for (const { node, remembers } of witnesses) {
    const reason = remembers === null ? null : fallenBehind(own, remembers);
    if (reason !== null) return { kind: "outdated", reason: `node ${node} remembers ${reason}` };
  }
  return null;
};

/** What the memory knows that the disk does not; null when the disk is at least as new. */
export const fallenBehind = (own: OwnDisk, memory: DiskMemory): string | null => {
  if (memory.generation > own.generation)
    return `disk ${memory.generation} of this node, this one is its disk ${own.generation}`;
  if (memory.generation < own.generation) return null;
  if (memory.store !== own.store) return "another disk in the place of this one";
  if (memory.saves > own.saves)
    return `that its term was saved ${memory.saves} times, by this disk it was ${own.saves} times`;
  if (memory.feedHead > own.feedHead)
    return `its change ${memory.feedHead}, on this disk are ${own.feedHead}`;
  return null;
};

/**
 * What is remembered after `heard` was heard of a process `run`: of one disk never less than before. A later process has
 * saved its boot; one that has not is an earlier one, whose word was long on its way, or lives on a backup.
 */
export const remember = (memory: PeerMemory | null, run: number, heard: DiskMemory): PeerMemory | null => {
  // Of a disk that is being filled there is nothing to remember yet.
  if (heard.generation === 0) return memory;
  if (memory === null) return { run, latest: heard, before: null };
  const latest = later(memory.latest, heard);
  if (run !== memory.run) {
    const isNewer = latest.generation > memory.latest.generation || latest.saves > memory.latest.saves;
    return isNewer ? { run, latest, before: memory.latest } : memory;
  }
  return latest === memory.latest ? memory : { ...memory, latest };
};

/** What a process `run` is told of its disk: all that is known from before it. */
export const knownBefore = (memory: PeerMemory | null, run: number): DiskMemory | null => {
  if (memory === null) return null;
  return memory.run === run ? memory.before : memory.latest;
};

/** All were born together: each knows of each from the first moment. */
export const rememberBirth = (run: number, disk: DiskMemory): PeerMemory => ({
  run,
  latest: disk,
  before: disk,
});

const later = (known: DiskMemory, heard: DiskMemory): DiskMemory => {
  if (heard.generation > known.generation) return heard;
  if (heard.generation < known.generation || heard.store !== known.store) return known;
  const saves = Math.max(known.saves, heard.saves);
  const feedHead = Math.max(known.feedHead, heard.feedHead);
  return saves === known.saves && feedHead === known.feedHead ? known : { ...known, saves, feedHead };
};
