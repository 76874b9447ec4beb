/**
 * Two clocks that must never be mixed.
 *
 * Monotonic time only says how long something took; it is different on every machine and decides leases and
 * timeouts. Wall time is what people read; it may jump. Durations are plain numbers with the unit in the name
 * (`silenceMsMax`).
 */
import type { Brand } from "./ids.ts";

/** Milliseconds since some moment that only this process knows. Never sent as a point in time to compare. */
export type MonotonicMs = Brand<number, "MonotonicMs">;
/** Milliseconds since 1970-01-01 UTC. */
export type WallMs = Brand<number, "WallMs">;

export const monotonicMs = (value: number): MonotonicMs => value as MonotonicMs;
export const wallMs = (value: number): WallMs => value as WallMs;

/** `at` moved by `durationMs`. */
export const after = (at: MonotonicMs, durationMs: number): MonotonicMs => (at + durationMs) as MonotonicMs;
