import { testWholeSeeds } from "./whole-seeds.ts";

/** The same faults while people share: what is shown to whom is as it was acknowledged, and all nodes end alike. */
testWholeSeeds(
  [
    { nodes: 3, from: 1, to: 80, sharing: true },
    { nodes: 4, from: 1, to: 20, sharing: true },
    { nodes: 5, from: 1, to: 20, sharing: true },
  ],
  { uploads: 800, shared: 100, unshared: 10, sharedGets: 30 },
);
