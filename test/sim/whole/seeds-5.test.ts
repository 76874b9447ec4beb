import { testWholeSeeds } from "./whole-seeds.ts";

testWholeSeeds(
  [
    { nodes: 5, from: 1, to: 700 },
    { nodes: 7, from: 1, to: 200 },
  ],
  { uploads: 5_000, crashes: 1_000, powerCuts: 500, wipes: 60, refills: 60, outdated: 3, copiesMade: 150 },
);
