import { testWholeSeeds, threeNodes } from "./whole-seeds.ts";

testWholeSeeds([{ nodes: 3, from: 2_001, to: 3_000 }], threeNodes);
