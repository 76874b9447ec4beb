import { expect, test } from "vitest";
import { firstGood } from "../../../core/io/first-good.ts";
import { bad, fault, good, type Result } from "../../../core/model/faults.ts";
import { turn } from "../../support/manual-clock.ts";

const busy = (what: string) => fault("BUSY", { what });
const ok: Promise<Result<void>> = Promise.resolve(good(undefined));
const no = (what: string): Promise<Result<void>> => Promise.resolve(bad(busy(what)));
const never: Promise<Result<void>> = new Promise(() => undefined);

test("as many good results as are wanted are enough, whatever the others do", async () => {
  expect(await firstGood([never, ok, no("a"), ok], 2)).toMatchObject({ good: 2 });
});

test("with too few it says how many there were, and why not more", async () => {
  expect(await firstGood([no("a"), ok, no("b")], 2)).toEqual({
    good: 1,
    values: [undefined],
    faults: [busy("a"), busy("b")],
  });
});

test("it waits while there is hope", async () => {
  const late = Promise.withResolvers<Result<void>>();
  let settled = false;
  const waiting = firstGood([ok, late.promise, no("a")], 2).then((first) => {
    settled = true;
    return first;
  });
  await turn();
  expect(settled).toBe(false);
  late.resolve(good(undefined));
  expect(await waiting).toMatchObject({ good: 2 });
});

test("of nobody, and where none is wanted, it does not wait", async () => {
  expect(await firstGood([], 2)).toEqual({ good: 0, values: [], faults: [] });
  expect(await firstGood([], 0)).toEqual({ good: 0, values: [], faults: [] });
  expect(await firstGood([never], 0)).toEqual({ good: 0, values: [], faults: [] });
});
