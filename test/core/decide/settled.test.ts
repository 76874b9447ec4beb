import fc from "fast-check";
import { expect, test } from "vitest";
import { isSettled } from "../../../core/decide/settled.ts";
import { majorityOf } from "../../../core/model/config.ts";
import { nodeId } from "../../../core/model/ids.ts";

const has = (...upTo: readonly number[]) => new Map(upTo.map((change, index) => [nodeId(index + 2), change]));

test("a change is settled when a majority has it, this node one of them", () => {
  expect(isSettled(5, has(4, 4), 2)).toBe(false);
  expect(isSettled(5, has(4, 5), 2)).toBe(true);
  expect(isSettled(5, has(9, 0, 0, 0), 3)).toBe(false);
  expect(isSettled(5, has(9, 0, 5, 0), 3)).toBe(true);
});

test("alone everything is settled, and among others who were never heard nothing", () => {
  expect(isSettled(5, has(), 1)).toBe(true);
  expect(isSettled(1, has(), 2)).toBe(false);
});

test("of two changes the earlier one is settled first, and what is settled stays so as the others pull on", () => {
  const feeds = fc.array(fc.nat(20), { maxLength: 8 });
  fc.assert(
    fc.property(feeds, fc.nat(20), fc.nat(20), fc.nat(5), (upTo, change, later, pulled) => {
      const majority = majorityOf(upTo.length + 1);
      if (isSettled(change + later, has(...upTo), majority))
        expect(isSettled(change, has(...upTo), majority)).toBe(true);
      if (isSettled(change, has(...upTo), majority))
        expect(isSettled(change, has(...upTo.map((each) => each + pulled)), majority)).toBe(true);
    }),
  );
});
