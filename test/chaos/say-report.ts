/** A chaos in a few lines, for people. */
import type { ChaosReport } from "./run.ts";

export const sayReport = (report: ChaosReport): readonly string[] => {
  const { seed, wrong, evidence, faults, tally, failures, events } = report;
  const counts = (entries: Iterable<readonly [string, number]>): string =>
    [...entries].map(([what, count]) => `${what} ${count}`).join(", ") || "nothing";
  return [
    `seed ${seed}`,
    `what happened to nodes: ${counts(faults)}`,
    `what people did: ${counts(Object.entries(tally))}`,
    `what did not come about: ${counts(Object.entries(failures))}`,
    `what nodes said: ${counts([...events].toSorted(([a], [b]) => (a < b ? -1 : 1)))}`,
    ...(wrong.length === 0 ? ["every promise held"] : wrong.map((sentence) => `WRONG: ${sentence}`)),
    ...(evidence === null ? [] : [`logs and disks are kept in ${evidence}`]),
  ];
};
