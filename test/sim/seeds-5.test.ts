import { testSeeds } from "./seeds.ts";

testSeeds(5, {
  elections: 6_000,
  leaders: 5_000,
  handovers: 1_500,
  assignments: 30_000,
  leaseRefusals: 1_000,
  preVoteRefusals: 60_000,
  voteRefusals: 2_000,
  crashes: 10_000,
  crashesInMidStep: 3_000,
  diskFailures: 2_000,
  wipes: 500,
  stops: 3_000,
  partitions: 10_000,
  oneWayCuts: 2_000,
  storms: 2_000,
  freezes: 5_000,
  sleeps: 2_000,
  falseRefusals: 1_000,
  clockSettings: 2_000,
  unwell: 2_000,
});
