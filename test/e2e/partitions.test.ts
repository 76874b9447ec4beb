/** Networks that cut some and not others, or lie: uploads go on, and afterwards every node has every image. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { because, needs } from "../support/skip.ts";
import { eventually } from "./lab.ts";
import { laptop, Site } from "./site.ts";

const reason = needs("root", "linux", "namespaces", "ip", "nft");

/** Puts walls up around `leader`, whose address is `its`; `others`: the addresses of the other nodes. */
type Wall = (site: Site, leader: number, its: string, others: readonly string[]) => void;

const walls: readonly (readonly [string, Wall])[] = [
  [
    "hears no other node, but they hear it",
    (site, leader, _, others) => {
      site.host(leader).closeTo(`ip saddr { ${others.join(", ")} } tcp dport 8001 drop`);
    },
  ],
  [
    "is heard by no other node, but hears them",
    (site, leader, its) => {
      for (const other of [1, 2, 3].filter((node) => node !== leader))
        site.host(other).closeTo(`ip saddr ${its} tcp dport 8001 drop`);
    },
  ],
  [
    "looks dead to the others, because a firewall resets what they send",
    (site, leader, _, others) => {
      site.host(leader).closeTo(`ip saddr { ${others.join(", ")} } tcp dport 8001 reject with tcp reset`);
    },
  ],
];

describe.skipIf(reason !== null)(`a leader that the network plays tricks on${because(reason)}`, () => {
  let site: Site;
  let stored = 0;
  beforeAll(async () => {
    site = new Site();
    await site.found("[cluster]\nstable_window_ms = 600\n");
    await site.startAll();
    await site.letIn("alice");
  });
  afterAll(() => site.close());

  const upload = async (): Promise<void> => {
    await site.upload(50_000);
    stored++;
  };
  /** As the other nodes see it. */
  const leaderWithout = async (leader: number): Promise<unknown> =>
    (await site.status(leader === 1 ? 2 : 1)).leader;

  test.each(walls)(
    "%s: uploads go on, another leads, and afterwards all have everything",
    async (_, wall) => {
      await site.whole();
      const leader = Number((await site.status(laptop)).leader);
      const others = [1, 2, 3].filter((node) => node !== leader).map((node) => site.host(node).address);
      wall(site, leader, site.host(leader).address, others);
      for (let uploads = 0; uploads < 3; uploads++) await upload();
      await eventually(async () => {
        const next = await leaderWithout(leader);
        return typeof next === "number" && next !== leader;
      });
      await upload();
      for (const node of [1, 2, 3]) site.host(node).open();
      await site.whole();
      await upload();
      await eventually(async () => {
        const views = (await site.status(laptop)).nodes as { images: number }[] | undefined;
        return views?.every(({ images }) => images === stored) === true;
      });
      const listed = (await site.on(laptop, "client", "alice", "list", "--json")).json();
      expect(listed).toHaveLength(stored);
      expect(new Set(listed.map(({ id }) => id)).size).toBe(stored);
    },
    120_000,
  );
});
