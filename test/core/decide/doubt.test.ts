import { describe, expect, test } from "vitest";
import { askAtMs, doubtRules, isGone, type Testimony } from "../../../core/decide/doubt.ts";
import { type NodeId, nodeId } from "../../../core/model/ids.ts";

const [n1, n2, n3] = [nodeId(1), nodeId(2), nodeId(3)] as const;
const rules = doubtRules(300);
const says = (from: NodeId, what: Testimony["says"]): Testimony => ({ from, says: what });
const gone = (testimonies: readonly Testimony[], silenceMs = rules.askMsMin): boolean =>
  isGone(n3, silenceMs, testimonies, rules);

describe("a server that has fallen silent", () => {
  test("is left when those who answer call it down", () => {
    expect(gone([says(n1, "down")])).toBe(true);
    expect(gone([says(n1, "down"), says(n2, "suspect")])).toBe(true);
  });

  test("is waited for as long as somebody hears it", () => {
    expect(gone([says(n1, "up"), says(n2, "down")])).toBe(false);
    expect(gone([says(n1, "rebuilding"), says(n2, "down")])).toBe(false);
    expect(gone([says(n1, "suspect")])).toBe(false);
  });

  test("is waited for when it answers itself, whatever the others say, however long it takes", () => {
    expect(gone([says(n1, "down"), says(n3, "up")], 100 * rules.unheardMsMax)).toBe(false);
  });

  test("is left after long silence when it does not answer this client, although others hear it", () => {
    expect(gone([says(n1, "up")], rules.unheardMsMax)).toBe(true);
  });

  test("is waited for when nobody else answers: there is nowhere better to go", () => {
    expect(gone([], 100 * rules.unheardMsMax)).toBe(false);
  });
});

describe("asking the others", () => {
  test("begins when they can know, and becomes rarer", () => {
    expect(rules.askMsMin).toBeGreaterThan(300);
    const moments = [0, 1, 2, 3, 4].map((times) => askAtMs(times, rules));
    expect(moments).toEqual([500, 800, 1_400, 2_600, 5_000]);
  });

  test("is as patient as the cluster's own timings", () => {
    const slow = doubtRules(4_000);
    expect(slow).toEqual({ askMsMin: 6_000, againMs: 4_000, unheardMsMax: 40_000 });
  });
});
