/**
 * What a node process tells the process that started it over the channel between parent and child, and what it is
 * told there.
 */
import type { LogEntry } from "../../core/model/events.ts";
import type { Fault } from "../../core/model/faults.ts";
import type { Snapshot } from "../../core/model/snapshot.ts";

export type Report =
  | { readonly kind: "log"; readonly entry: LogEntry }
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  /** It goes on without its parent, and writes what it has to say into that file. */
  | { readonly kind: "staying"; readonly logPath: string }
  /** It could not start, or had to stop; it exits after this. */
  | { readonly kind: "failed"; readonly fault: Fault };

export type Order =
  /** Hear nobody and be heard by nobody; or again. */
  | { readonly kind: "cut"; readonly cut: boolean }
  /** Do not stop when the channel closes. Answered by `staying`. */
  | { readonly kind: "stay" };

const isOfKind = (value: unknown, kinds: readonly string[]): boolean =>
  typeof value === "object" && value !== null && "kind" in value && kinds.includes(String(value.kind));

export const isReport = (value: unknown): value is Report =>
  isOfKind(value, ["log", "snapshot", "staying", "failed"]);

export const isOrder = (value: unknown): value is Order => isOfKind(value, ["cut", "stay"]);
