/** What happened in simulated runs, a line for each thing that is counted. */

export const sayCounts = (counters: object): string =>
  Object.entries(counters)
    .map(([what, count]) => `${String(count).padStart(10)} ${wordOf(what)}`)
    .join("\n");

/** `preVoteRefusals` → `pre vote refusals`. */
const wordOf = (key: string): string => key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
