import { testSeeds } from "./seeds.ts";

testSeeds(1, {
  elections: 10_000,
  leaders: 10_000,
  assignments: 50_000,
  crashes: 10_000,
  diskFailures: 2_000,
  freezes: 5_000,
  sleeps: 2_000,
});
