/**
 * What Linux tells of a running process; elsewhere nothing.
 */
import { readFileSync } from "node:fs";

const textOf = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
};

/** `VmRSS`, `VmHWM`; a list of one, or of none. */
export const megabytes = (pid: number, field: string): readonly number[] => {
  const kilobytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(textOf(pid, "status"))?.[1];
  return kilobytes === undefined ? [] : [Number(kilobytes) / 1_000];
};

/** User and system time so far, in steps of 10 ms. */
export const cpuMs = (pid: number): number | null => {
  // The name of the program, which comes first, may have blanks and parentheses.
  const fields = /\) (.*)$/m.exec(textOf(pid, "stat"))?.[1]?.split(" ");
  return fields === undefined ? null : 10 * (Number(fields[11]) + Number(fields[12]));
};
