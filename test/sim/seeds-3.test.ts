import { floorsOfMany, testSeeds } from "./seeds.ts";

testSeeds(3, floorsOfMany);
