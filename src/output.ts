/**
 * What goes where: results on standard output, complaints and progress on standard error.
 */
import { type ExitCode, exitCodeOf, type Fault, type Worded, wordFault } from "../core/model/faults.ts";

export interface Channel {
  readonly json?: boolean;
}

/** One result as one line of JSON. */
export const printJson = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`);
};

export const printLine = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** The cells of a row where a person reads the results; without end where they go on to a file or a program. */
export const outputColumns = (): number =>
  process.stdout.isTTY === true ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY;

/** For people, beside the results. */
export const note = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Two lines for people, and with `--json` the same as an object for scripts. Returns the exit code. */
export const complain = (problem: Fault, channel: Channel): ExitCode => {
  complainOnly(problem);
  if (channel.json === true) printJson(failureOf(problem));
  return exitCodeOf(problem);
};

/** Two lines for people, and the only event of a cluster on this machine that did not start. Returns the exit code. */
export const complainAsEvent = (problem: Fault): ExitCode => {
  complainOnly(problem);
  const { code, message, hint } = failureOf(problem);
  printJson({ event: "failed", code, message, hint });
  return exitCodeOf(problem);
};

/** The configuration that this process has read, for complaints about addresses. */
let configPath = "config.toml";

/** From now on `path` is the configuration that was read. */
export const nameConfig = (path: string): void => {
  configPath = path;
};

/** As `wordFault`; of an address it says in which file it stands, because there may be another that was not read. */
export const wordHere = (problem: Fault): Worded => {
  const { what, hint } = wordFault(problem);
  if (configPath === "config.toml") return { what, hint };
  if (problem.code === "ADDRESS_IN_USE" || problem.code === "ADDRESS_NOT_HERE")
    return { what, hint: hint.replace("config.toml", configPath) };
  if (problem.code === "NO_SERVER") return { what, hint: `${hint}; the addresses are from ${configPath}` };
  return { what, hint };
};

/** The two lines alone, where the item's own JSON line tells the rest. */
export const complainOnly = (problem: Fault): void => {
  const { what, hint } = wordHere(problem);
  note(`error: ${what}\nhint: ${hint}`);
};

export const failureOf = (problem: Fault) => {
  const { what, hint } = wordHere(problem);
  return { ok: false, code: problem.code, message: what, hint } as const;
};

/** One code for several items: theirs when all failed in one class, 1 when only some did, 0 when none. */
export const exitCodeOfAll = (faults: readonly (Fault | null)[]): ExitCode => {
  const codes = new Set(faults.map((problem) => (problem === null ? 0 : exitCodeOf(problem))));
  if (codes.has(130)) return 130;
  const [only] = codes;
  if (codes.size === 1 && only !== undefined) return only;
  return codes.size === 0 ? 0 : 1;
};
