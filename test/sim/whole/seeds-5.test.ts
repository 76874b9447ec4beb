import { testWholeSeeds } from "./whole-seeds.ts";

testWholeSeeds(
  [
    { nodes: 5, from: 1, to: 700 },
    { nodes: 7, from: 1, to: 200 },
  ],
  {
    uploads: 7_000,
    crashes: 1_500,
    powerCuts: 1_000,
    wipes: 100,
    rebuilds: 150,
    refills: 120,
    outdated: 4,
    copiesMade: 250,
    digestRepairs: 5_000,
  },
);
