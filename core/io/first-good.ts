/** Waiting for some of many: as many good results as are wanted, or all there are. */
import type { Fault, Result } from "../model/faults.ts";

export interface FirstGood<Value> {
  readonly good: number;
  readonly values: readonly Value[];
  readonly faults: readonly Fault[];
}

/** Resolves when `wanted` are good, or all are in. */
export const firstGood = <Value>(
  results: readonly Promise<Result<Value>>[],
  wanted: number,
): Promise<FirstGood<Value>> =>
  new Promise((resolve) => {
    const values: Value[] = [];
    const faults: Fault[] = [];
    let left = results.length;
    const end = (): void => resolve({ good: values.length, values: [...values], faults: [...faults] });
    if (left === 0 || wanted <= 0) end();
    for (const result of results) {
      void result.then((settled) => {
        left--;
        if (settled.ok) values.push(settled.value);
        else faults.push(settled.fault);
        if (values.length >= wanted || left === 0) end();
      });
    }
  });
