import { testWholeSeeds } from "./whole-seeds.ts";

/** One node has nobody to be filled from, and two have none to spare: they lose no disks. */
testWholeSeeds(
  [
    { nodes: 1, from: 1, to: 300 },
    { nodes: 2, from: 1, to: 300 },
    { nodes: 4, from: 1, to: 500 },
  ],
  {
    uploads: 8_000,
    crashes: 1_500,
    powerCuts: 900,
    syncFailures: 150,
    indexWriteFailures: 80,
    wipes: 50,
    refills: 50,
    digestRepairs: 2_000,
  },
);
