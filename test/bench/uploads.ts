/**
 * Uploads: how long one takes, how many eight clients finish in a second, and what memory all that took.
 *
 * The cluster and the bare processes take turns, and each turn begins when the other has nothing left to do:
 * also what the nodes do after the acknowledgement (decoding, thumbnails) is waited for.
 */
import { type Bare, startBareTrio } from "./bare-start.ts";
import { type Figure, nowMs } from "./figures.ts";
import { type Fleet, nodeIds, pauseMs } from "./fleet.ts";
import { startSettled } from "./leaders.ts";
import type { Options } from "./options.ts";
import { megabytes } from "./proc.ts";
import type { Done, Target } from "./uploader.ts";
import { makePictures, type Picture, startUploader, type Uploader } from "./uploader-start.ts";

const bareUpload =
  "the same bytes over mutual TLS through three bare processes: back, on to two others, synced on two disks";

/** Between two turns, for what was logged to be over. */
const breathMs = 30;

const sizes = [50_000, 1_000_000, 10_000_000];
const warmUps = 5;

export const measureUploads = async (options: Options): Promise<readonly Figure[]> => {
  const { uploads, nodeArguments, clientArguments } = options;
  const fleet = await startSettled(nodeArguments);
  try {
    const pictures = await makePictures(fleet, sizes);
    const [relay] = await startBareTrio(fleet);
    const uploader = await startUploader(
      fleet,
      { clients: 1, barePort: relay.port, pictures },
      { nodeArguments: clientArguments },
    );
    const figures: Figure[] = [];
    for (const [at, picture] of pictures.entries()) {
      const times = { cluster: [] as number[], bare: [] as number[] };
      const count = uploads[at] ?? 0;
      for (let turn = -Math.min(warmUps, count); turn < count; turn++) {
        for (const target of ["cluster", "bare"] as const) {
          const from = fleet.lines.length;
          const done = await uploader.upload(at, target);
          await settled(fleet, from, [done]);
          if (turn >= 0) times[target].push(done.ms);
        }
      }
      figures.push({
        name: `upload of ${sayBytes(picture)}`,
        unit: "ms",
        values: times.cluster,
        floor: times.bare,
        floorIs: bareUpload,
        aim: {},
      });
    }
    await uploader.close();
    return figures;
  } finally {
    await fleet.close();
  }
};

const sayBytes = ({ bytes }: Picture): string =>
  bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** Until what was stored since line `from` is decoded, too, where it is decoded. */
const settled = async (fleet: Fleet, from: number, uploads: readonly Done[]): Promise<void> => {
  if (fleet.config.images.inspect === "header") return pauseMs(breathMs);
  const missing = new Set(uploads.flatMap(({ id }) => (id === null ? [] : [id])));
  let seen = from;
  await fleet.when("the decoding", () => {
    for (; seen < fleet.lines.length; seen++) {
      const line = fleet.lines[seen];
      if (line?.event === "image.inspected") missing.delete(String(line.fields.image));
    }
    return missing.size === 0 || null;
  });
  await pauseMs(breathMs);
};

const crowd = { processes: 2, clientsEach: 4, bytes: 200_000 };

/**
 * Throughput, and the memory of every process after it. Two clusters take turns: one decodes what it stores, as
 * by default, and one only looks at the header; so what decoding costs shows.
 */
export const measureCrowd = async (options: Options): Promise<readonly Figure[]> => {
  const decoding = await startSettled(options.nodeArguments);
  const looking = await startSettled(options.nodeArguments, '[images]\ninspect = "header"');
  try {
    const bares = await startBareTrio(decoding);
    const crowds = [
      await gather(decoding, "cluster", bares, options),
      await gather(looking, "cluster", bares, options),
      await gather(decoding, "bare", bares, options),
    ] as const;
    // The first turn warms up.
    for (let turn = 0; turn <= options.turns; turn++)
      for (const each of crowds) {
        const rate = await together(each, options.turnMs);
        if (turn > 0) each.rates.push(rate);
      }
    const [first, second, floor] = crowds.map(({ rates }) => rates);
    const figure = (name: string, values: readonly number[] = []): Figure => ({
      name,
      unit: "a second",
      values,
      floor: floor ?? [],
      floorIs: bareUpload,
      aim: {},
    });
    const memory = memoryFigures(decoding, bares);
    for (const each of crowds) for (const uploader of each.uploaders) await uploader.close();
    return [
      figure("uploads a second, 8 clients of 200 kB", first),
      figure('the same, inspect = "header"', second),
      ...memory,
    ];
  } finally {
    await Promise.all([decoding.close(), looking.close()]);
  }
};

interface Crowd {
  readonly fleet: Fleet;
  readonly target: Target;
  readonly uploaders: readonly Uploader[];
  readonly rates: number[];
}

const gather = async (
  fleet: Fleet,
  target: Target,
  bares: readonly [Bare, Bare, Bare],
  { clientArguments }: Options,
): Promise<Crowd> => {
  const pictures = await makePictures(fleet, [crowd.bytes]);
  const wish = { clients: crowd.clientsEach, barePort: target === "bare" ? bares[0].port : null, pictures };
  const more = { nodeArguments: clientArguments };
  const starting = Array.from({ length: crowd.processes }, () => startUploader(fleet, wish, more));
  return { fleet, target, uploaders: await Promise.all(starting), rates: [] };
};

/** Uploads a second of all clients for a while; what was under way at the end counts, and so does its time. */
const together = async ({ fleet, target, uploaders }: Crowd, ms: number): Promise<number> => {
  const from = fleet.lines.length;
  const startedAtMs = nowMs();
  for (const uploader of uploaders) uploader.begin(0, target);
  await pauseMs(ms);
  const uploads = (await Promise.all(uploaders.map((uploader) => uploader.end()))).flat();
  const lastMs = Math.max(...uploads.map((done) => done.startedAtMs + done.ms));
  await settled(fleet, from, uploads);
  return uploads.length / ((lastMs - startedAtMs) / 1_000);
};

const memoryFigures = (fleet: Fleet, bares: readonly Bare[]): readonly Figure[] => {
  const floorPids = bares.map(({ child }) => child.pid ?? 0);
  const pids = nodeIds.map((id) => fleet.pidOf(id));
  const figure = (name: string, field: string): Figure => ({
    name,
    unit: "MB",
    values: pids.flatMap((pid) => megabytes(pid, field)),
    floor: floorPids.flatMap((pid) => megabytes(pid, field)),
    floorIs: "the three bare processes after as many turns",
    aim: {},
  });
  const figures = [
    figure("memory of a node, after the load", "VmRSS"),
    figure("memory of a node, at its most", "VmHWM"),
  ];
  // Only Linux tells.
  return figures.filter(({ values }) => values.length > 0);
};
