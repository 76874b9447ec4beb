import { floorsOfMany, testSeeds } from "./seeds.ts";

testSeeds(4, floorsOfMany);
