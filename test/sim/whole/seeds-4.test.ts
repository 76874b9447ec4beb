import { testWholeSeeds } from "./whole-seeds.ts";

/** One node has nobody to be filled from, and two have none to spare: they lose no disks. */
testWholeSeeds(
  [
    { nodes: 1, from: 1, to: 300 },
    { nodes: 2, from: 1, to: 300 },
    { nodes: 4, from: 1, to: 500 },
  ],
  { uploads: 5_000, crashes: 1_000, powerCuts: 500, wipes: 40, refills: 40, digestRepairs: 1_000 },
);
