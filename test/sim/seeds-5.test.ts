import { floorsOfMany, testSeeds } from "./seeds.ts";

testSeeds(5, floorsOfMany);
