/**
 * How much of everything a run measures.
 */
export interface Options {
  readonly starts: number;
  readonly kills: number;
  readonly freezes: number;
  /** Kills while somebody uploads. */
  readonly stalls: number;
  /** Uploads of 50 kB, 200 kB, 1 MB and 10 MB. */
  readonly uploads: readonly [number, number, number, number];
  /** Images of 1 MB that a node has to fetch. */
  readonly missed: number;
  /** Turns of eight clients. */
  readonly turns: number;
  /** Of the node with many, and how often it is started and asked for pages each time. */
  readonly records: number;
  readonly recordStarts: number;
  readonly recordPages: number;
  readonly turnMs: number;
  readonly consoleStarts: number;
  /** Windows of five seconds in which the console's part of a core is looked at. */
  readonly consoleWindows: number;
  readonly consoleKeys: number;
  /** For Node, before the program of each node and of the clients that upload: what `--profile` needs. */
  readonly nodeArguments: readonly string[];
  readonly clientArguments: readonly string[];
}

/** About nine minutes; five of them are the kills. */
export const wholeRun: Options = {
  starts: 10,
  kills: 200,
  freezes: 30,
  stalls: 15,
  uploads: [60, 40, 40, 15],
  missed: 200,
  turns: 5,
  records: 1_000_000,
  recordStarts: 5,
  recordPages: 20,
  turnMs: 2_000,
  consoleStarts: 10,
  consoleWindows: 8,
  consoleKeys: 60,
  nodeArguments: [],
  clientArguments: [],
};

/** Under a minute: to see that it works. */
export const quickRun: Options = {
  starts: 3,
  kills: 6,
  freezes: 4,
  stalls: 3,
  uploads: [10, 8, 8, 4],
  missed: 30,
  turns: 1,
  records: 50_000,
  recordStarts: 2,
  recordPages: 8,
  turnMs: 1_500,
  consoleStarts: 3,
  consoleWindows: 2,
  consoleKeys: 10,
  nodeArguments: [],
  clientArguments: [],
};
