/**
 * About two minutes of chaos (`test/chaos`): real nodes on machines of their own are killed, frozen, restarted, burnt,
 * filled and cut off while eight people use them, and in the end every promise is looked at. `npm run chaos` goes on
 * for longer; `DISTINSTA_CHAOS_SEED` gives this test another seed.
 */
import { describe, expect, test } from "vitest";
import { faults } from "../chaos/faults.ts";
import { chaosNeeds, runChaos } from "../chaos/run.ts";
import { sayReport } from "../chaos/say-report.ts";
import { because, needs } from "../support/skip.ts";

const seed = Number(process.env.DISTINSTA_CHAOS_SEED ?? 1);
const reason = needs(...chaosNeeds);

describe.skipIf(reason !== null)(`chaos${because(reason)}`, () => {
  test(`five nodes, seed ${seed}: no promise is broken, whatever happens to a minority`, async ({
    signal,
  }) => {
    const told: string[] = [];
    const report = await runChaos({
      seed,
      nodes: 5,
      plagueMs: 60_000,
      signal,
      tell: (sentence) => told.push(sentence),
    });
    const story = [...told, ...sayReport(report)].join("\n");
    expect(report.wrong, story).toEqual([]);

    // It was no idle run: everything that can happen has happened, and people were at it all the time.
    const { tally, events } = report;
    for (const { name } of faults) expect(report.faults.get(name), `${name}\n${story}`).toBeGreaterThan(0);
    expect(tally.uploads, story).toBeGreaterThan(100);
    for (const done of ["gets", "lists", "trashed", "restored", "purged", "retries"] as const)
      expect(tally[done], `${done}\n${story}`).toBeGreaterThan(0);
    for (const said of [
      ...(["leader.elected", "leader.handed-over", "node.down", "copy.made", "records.pulled"] as const),
      ...(["disk.rebuilding", "disk.refilled", "disk.filled", "disk.freed"] as const),
    ])
      expect(events.get(said), `${said}\n${story}`).toBeGreaterThan(0);
  }, 400_000);
});
