/**
 * A benchmark that runs into a fault has nothing to tell: it stops, and says which.
 */
import { type Result, wordFault } from "../../core/model/faults.ts";

export const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(`${result.fault.code}: ${wordFault(result.fault).what}`);
  return result.value;
};
