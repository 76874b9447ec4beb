import { testWholeSeeds, threeNodes } from "./whole-seeds.ts";

testWholeSeeds([{ nodes: 3, from: 1, to: 1_000 }], threeNodes);
