import { testSeeds } from "./seeds.ts";

testSeeds(2, {
  elections: 4_000,
  leaders: 4_000,
  handovers: 500,
  assignments: 30_000,
  leaseRefusals: 800,
  preVoteRefusals: 20_000,
  crashes: 10_000,
  crashesInMidStep: 2_000,
  partitions: 10_000,
  oneWayCuts: 2_000,
  freezes: 5_000,
  sleeps: 2_000,
  falseRefusals: 800,
  clockSettings: 2_000,
  unwell: 2_000,
});
