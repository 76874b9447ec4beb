/**
 * What a node process tells the process that started it, over the channel between parent and child.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { Fault } from "../../core/model/faults.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";

export type Report =
  | { readonly kind: "log"; readonly entry: LogEntry }
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  /** It could not start, or had to stop; it exits after this. */
  | { readonly kind: "failed"; readonly fault: Fault };

export const isReport = (value: unknown): value is Report =>
  typeof value === "object" &&
  value !== null &&
  "kind" in value &&
  (value.kind === "log" || value.kind === "snapshot" || value.kind === "failed");
