/** Findings, made short to write, and the small words that several checks need. */
import type { Check, Finding } from "./facts.ts";

/** What a check has to say: its problems, or, when it has none, one line that all is well. */
export const findingsOr = (
  problems: readonly Finding[],
  check: Check,
  message: string,
): readonly Finding[] => (problems.length > 0 ? problems : [good(check, message)]);

export const good = (check: Check, message: string): Finding => ({ check, level: "good", message, hint: "" });
export const warning = (check: Check, message: string, hint: string): Finding => ({
  check,
  level: "warning",
  message,
  hint,
});
export const bad = (check: Check, message: string, hint: string): Finding => ({
  check,
  level: "bad",
  message,
  hint,
});
export const unknown = (check: Check, message: string, hint: string): Finding => ({
  check,
  level: "unknown",
  message,
  hint,
});

/** `0.3 s`, `42 s`, `17 min`, `3 h`, `12 d`. */
export const sayDuration = (ms: number): string => {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
};
