/**
 * The index as it may be asked: what it answers has everything that was durable before the question, or it is a fault.
 *
 * The index is told of a batch when the batch counts already, and nobody waits for it. When it cannot take a batch, it
 * takes none after that either; but what it has it would still tell, without the images of that batch. So an answer is
 * held back until what the index was told before is known to be in it.
 */
import type { Index } from "../ports.ts";

/** `whole`: resolves when everything that the index was told before the call is in it; rejects with a FaultError. */
export const wholeAnswers = (index: Index, whole: () => Promise<void>): Index => {
  const sure = async <Value>(answer: Promise<Value>): Promise<Value> => {
    const [value] = await Promise.all([answer, whole()]);
    return value;
  };
  return {
    position: () => sure(index.position()),
    apply: (changes, step) => index.apply(changes, step),
    clear: () => index.clear(),
    get: (ids) => sure(index.get(ids)),
    changedAfter: (after, limit) => sure(index.changedAfter(after, limit)),
    digestsOf: (ids) => sure(index.digestsOf(ids)),
    list: (user, before, limit) => sure(index.list(user, before, limit)),
    find: (user, part, limit) => sure(index.find(user, part, limit)),
    walk: (after, limit) => sure(index.walk(after, limit)),
    inSegment: (segment, after, limit) => sure(index.inSegment(segment, after, limit)),
    supersededOf: (id) => sure(index.supersededOf(id)),
    forgetSuperseded: (id, places) => sure(index.forgetSuperseded(id, places)),
    settle: () => sure(index.settle()),
    trashedBefore: (atMs, after, limit) => sure(index.trashedBefore(atMs, after, limit)),
    toErase: (limit) => sure(index.toErase(limit)),
    tombstones: (after, limit) => sure(index.tombstones(after, limit)),
    homeSets: () => sure(index.homeSets()),
    inHomeSet: (set, after, limit) => sure(index.inHomeSet(set, after, limit)),
    holdings: () => sure(index.holdings()),
    digests: () => sure(index.digests()),
    bucket: (bucket, after, limit) => sure(index.bucket(bucket, after, limit)),
    segments: () => sure(index.segments()),
    forgetSegment: (segment) => sure(index.forgetSegment(segment)),
    // What is kept under a name is no part of any batch.
    note: (name) => index.note(name),
    setNote: (name, text) => index.setNote(name, text),
    close: () => index.close(),
  };
};
