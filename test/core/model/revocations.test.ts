import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { userNameOf } from "../../../core/model/ids.ts";
import {
  includesRevoked,
  joinRevoked,
  type RevokedUsers,
  revokedAt,
  wholeSecond,
} from "../../../core/model/revocations.ts";
import { wallMs } from "../../../core/model/units.ts";

const alice = userNameOf("alice");
const name = fc.constantFrom("alice", "bob", "carol").map(userNameOf);
const users: fc.Arbitrary<RevokedUsers> = fc
  .array(fc.tuple(name, fc.nat(5).map(wallMs)))
  .map((entries) => new Map(entries));

describe("whose certificate counts", () => {
  test("one that was made later than what was revoked, and of everybody who is on no list", () => {
    const revoked = new Map([[alice, wallMs(5_000)]]);
    expect(revokedAt(revoked, alice, 4_000)).toBe(5_000);
    expect(revokedAt(revoked, alice, 5_000)).toBe(5_000);
    expect(revokedAt(revoked, alice, 6_000)).toBeNull();
    expect(revokedAt(revoked, userNameOf("constructor"), 1)).toBeNull();
  });

  test("times are as exact as certificates: to the second, never later", () => {
    expect(wholeSecond(5_999)).toBe(5_000);
    expect(wholeSecond(6_000)).toBe(6_000);
  });
});

describe("lists join", () => {
  test("in any order, any number of times, and include whatever went into them", () => {
    fc.assert(
      fc.property(users, users, users, (a, b, c) => {
        const sorted = (list: RevokedUsers) => [...list].sort();
        const all = joinRevoked([a, b, c]);
        expect(sorted(joinRevoked([c, joinRevoked([b, a]), a]))).toEqual(sorted(all));
        for (const each of [a, b, c]) expect(includesRevoked(all, each)).toBe(true);
        expect(includesRevoked(a, all)).toBe(sorted(all).join() === sorted(a).join());
      }),
    );
  });

  test("the later time of each name stays", () => {
    const joined = joinRevoked([new Map([[alice, wallMs(2)]]), new Map([[alice, wallMs(1)]])]);
    expect(joined.get(alice)).toBe(2);
    expect(includesRevoked(new Map([[alice, wallMs(1)]]), joined)).toBe(false);
  });
});
