/** What every `TermStore` does, real or simulated. */
import { describe, expect, test } from "vitest";
import { boot, nodeId, term } from "../../core/model/ids.ts";
import type { TermStore } from "../../core/ports.ts";

/** `reopen` gives the store of a process that starts on the same disk. */
export interface TermStoreBench {
  readonly store: TermStore;
  reopen(): TermStore;
}

export const describeTermStore = (name: string, make: () => TermStoreBench): void => {
  describe(`term store: ${name}`, () => {
    const first = { term: term(3), votedFor: nodeId(2), boot: boot(5), saves: 7 };

    test("a new disk holds nothing", () => {
      expect(make().store.load()).toEqual({ ok: true, value: null });
    });

    test("what was saved is there after a restart", () => {
      const { store, reopen } = make();
      expect(store.save(first).ok).toBe(true);
      expect(reopen().load()).toEqual({ ok: true, value: first });
    });

    test("the last save counts, also one without a vote", () => {
      const { store, reopen } = make();
      store.save(first);
      const last = { term: term(4), votedFor: null, boot: boot(5), saves: 8 };
      expect(store.save(last).ok).toBe(true);
      expect(store.load()).toEqual({ ok: true, value: last });
      expect(reopen().load()).toEqual({ ok: true, value: last });
    });

    test("the greatest numbers survive", () => {
      const { store, reopen } = make();
      const greatest = {
        term: term(Number.MAX_SAFE_INTEGER),
        votedFor: nodeId(9),
        boot: boot(Number.MAX_SAFE_INTEGER),
        saves: Number.MAX_SAFE_INTEGER,
      };
      store.save(greatest);
      expect(reopen().load()).toEqual({ ok: true, value: greatest });
    });
  });
};
