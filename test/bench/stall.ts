/**
 * How long an upload stands still when the leader is killed while two clients upload, and, apart from that, when
 * the killed node comes back.
 *
 * Also where nothing happens some upload is the slowest, the more so the longer one looks. So the same is measured
 * of as long a time before each kill, and that is the floor.
 */
import { type Figure, median, nowMs } from "./figures.ts";
import { pauseMs } from "./fleet.ts";
import { type Kill, killLeader, startSettled } from "./leaders.ts";
import type { Options } from "./options.ts";
import type { Done } from "./uploader.ts";
import { makePictures, startUploader } from "./uploader-start.ts";

/** How long nothing happens before each kill, and how long the killed node stays down after it. */
const windowMs = 1_500;
/** Before the first, for the clients to warm up, and after each return of a node, which has news to fetch. */
const calmMs = 1_500;

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

interface Turn {
  readonly quiet: Span;
  readonly down: Span;
  /** From its start until it has been heard for a second. */
  readonly back: Span;
  readonly kill: Kill;
}

export const measureStall = async ({ stalls, nodeArguments }: Options): Promise<readonly Figure[]> => {
  const fleet = await startSettled(nodeArguments);
  try {
    const pictures = await makePictures(fleet, [50_000]);
    const uploader = await startUploader(fleet, { clients: 2, barePort: null, pictures });
    uploader.begin(0, "cluster");
    const turns: Turn[] = [];
    for (let turn = 0; turn < stalls; turn++) {
      await pauseMs(calmMs);
      const fromMs = nowMs();
      await pauseMs(windowMs);
      const kill = await killLeader(fleet, windowMs);
      turns.push({
        quiet: { fromMs, toMs: kill.atMs },
        down: { fromMs: kill.atMs, toMs: kill.restartedAtMs },
        back: { fromMs: kill.restartedAtMs, toMs: nowMs() },
        kill,
      });
    }
    const uploads = await uploader.end();
    await uploader.close();
    return stallFigures(turns, uploads);
  } finally {
    await fleet.close();
  }
};

const stallFigures = (turns: readonly Turn[], uploads: readonly Done[]): readonly Figure[] => {
  const endMs = (done: Done): number => done.startedAtMs + done.ms;
  const isWithin = (done: Done, { fromMs, toMs }: Span): boolean =>
    done.startedAtMs >= fromMs && endMs(done) <= toMs;
  const quiet = uploads.filter((done) => turns.some((turn) => isWithin(done, turn.quiet)));
  const medianMs = median(quiet.map(({ ms }) => ms));
  /** The slowest of those for which `belongs` holds, less the median of quiet times; nothing of none. */
  const stallOf = (belongs: (done: Done) => boolean): readonly number[] => {
    const times = uploads.filter(belongs).map(({ ms }) => ms);
    return times.length === 0 ? [] : [Math.max(...times) - medianMs];
  };
  const floor = {
    unit: "ms",
    floor: turns.flatMap((turn) => stallOf((done) => isWithin(done, turn.quiet))),
    floorIs: "as long a time before each kill, measured the same way",
    note: `the slowest of all uploads of that time, less the median of quiet times, ${Math.round(medianMs)} ms`,
  } as const;
  return [
    {
      ...floor,
      name: "longest stall of an upload, leader killed",
      values: turns.flatMap(({ down }) =>
        stallOf((done) => done.startedAtMs < down.toMs && endMs(done) > down.fromMs),
      ),
      aim: { most: 200 },
    },
    {
      ...floor,
      name: "longest stall while the killed node comes back",
      values: turns.flatMap(({ back }) =>
        stallOf((done) => done.startedAtMs >= back.fromMs && done.startedAtMs < back.toMs),
      ),
      aim: {},
    },
    {
      name: "kill to new leader, during uploads",
      unit: "ms",
      values: turns.map(({ kill }) => kill.electedMs),
      floor: turns.map(({ kill }) => kill.refusedMs),
      floorIs: "the same kill as a bare TCP connection sees it",
      aim: {},
    },
  ];
};
