import { testWholeSeeds, threeNodes } from "./whole-seeds.ts";

testWholeSeeds([{ nodes: 3, from: 1_001, to: 2_000 }], threeNodes);
