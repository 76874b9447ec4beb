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

const sizes = [
  { bytes: 50_000, aimMs: 2 },
  { bytes: 200_000, aimMs: null },
  { bytes: 1_000_000, aimMs: 8 },
  { bytes: 10_000_000, aimMs: 60 },
];
const warmUps = 5;

export const measureUploads = async (options: Options): Promise<readonly Figure[]> => {
  const { uploads, nodeArguments, clientArguments } = options;
  const fleet = await startSettled(nodeArguments);
  try {
    const pictures = await makePictures(
      fleet,
      sizes.map(({ bytes }) => bytes),
    );
    const [relay] = await startBareTrio(fleet);
    const uploader = await startUploader(
      fleet,
      { clients: 1, barePort: relay.port, pictures },
      { nodeArguments: clientArguments },
    );
    const figures: Figure[] = [];
    for (const [at, picture] of pictures.entries()) {
      const times: Record<Target, number[]> = { cluster: [], bare: [], get: [] };
      const count = uploads[at] ?? 0;
      const aimMs = sizes[at]?.aimMs ?? null;
      for (let turn = -Math.min(warmUps, count); turn < count; turn++) {
        for (const target of ["cluster", "bare", "get"] as const) {
          const from = fleet.lines.length;
          const done = await uploader.upload(at, target);
          if (target === "cluster") await settled(fleet, from, [done]);
          if (turn >= 0) times[target].push(done.ms);
        }
      }
      figures.push({
        name: `upload of ${sayBytes(picture)}`,
        unit: "ms",
        values: times.cluster,
        floor: times.bare,
        floorIs: bareUpload,
        aim: aimMs === null ? {} : { median: aimMs },
      });
      figures.push({
        name: `get of ${sayBytes(picture)}, opened`,
        unit: "ms",
        values: times.get,
        floor: times.cluster,
        floorIs: "the upload of the same in the same turn: a get shall not take longer",
        aim: aimMs === null ? {} : { median: aimMs },
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

const crowd = { processes: 2, bytes: 200_000 };
const crowds = [8, 32];
/** A second, of eight clients, with decoding and without. */
const crowdAims = { decoding: 140, looking: 450 };

/**
 * Throughput, and the memory of every process after it. Two clusters take turns: one decodes what it stores, as
 * by default, and one only looks at the header; so what decoding costs shows.
 */
export const measureCrowd = async (options: Options): Promise<readonly Figure[]> => {
  const decoding = await startSettled(options.nodeArguments);
  const looking = await startSettled(options.nodeArguments, '[images]\ninspect = "header"');
  try {
    const bares = await startBareTrio(decoding);
    const figures: Figure[] = [];
    for (const clients of crowds) {
      const gathered = [
        await gather(decoding, "cluster", clients, bares, options),
        await gather(looking, "cluster", clients, bares, options),
        await gather(decoding, "bare", clients, bares, options),
      ] as const;
      // The first turn warms up.
      for (let turn = 0; turn <= options.turns; turn++)
        for (const each of gathered) {
          const rate = await together(each, options.turnMs);
          if (turn > 0) each.rates.push(rate);
        }
      const [first, second, floor] = gathered.map(({ rates }) => rates);
      const figure = (name: string, values: readonly number[] = [], aim: number): Figure => ({
        name,
        unit: "a second",
        values,
        floor: floor ?? [],
        floorIs: bareUpload,
        aim: clients === crowds[0] ? { median: aim } : {},
      });
      const who = `uploads a second, ${clients} clients of 200 kB`;
      figures.push(
        figure(`${who}, decoded, with thumbnails`, first, crowdAims.decoding),
        figure(`${who}, inspect = "header"`, second, crowdAims.looking),
      );
      for (const each of gathered) for (const uploader of each.uploaders) await uploader.close();
    }
    return [...figures, ...memoryFigures("small", decoding, bares)];
  } finally {
    await Promise.all([decoding.close(), looking.close()]);
  }
};

/** Memory under the largest load that there is an aim for: 20 MB from eight clients, decoded. */
export const measureMemory = async (options: Options): Promise<readonly Figure[]> => {
  const fleet = await startSettled(options.nodeArguments);
  try {
    const bares = await startBareTrio(fleet);
    const large = { bytes: 20_000_000, ...options };
    const cluster = await gather(fleet, "cluster", 8, bares, large);
    const bare = await gather(fleet, "bare", 8, bares, large);
    for (let turn = 0; turn <= options.turns; turn++)
      for (const each of [cluster, bare]) await together(each, options.turnMs);
    for (const each of [cluster, bare]) for (const uploader of each.uploaders) await uploader.close();
    return memoryFigures("20 MB", fleet, bares);
  } finally {
    await fleet.close();
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
  clients: number,
  bares: readonly [Bare, Bare, Bare],
  { clientArguments, bytes = crowd.bytes }: Options & { readonly bytes?: number },
): Promise<Crowd> => {
  const pictures = await makePictures(fleet, [bytes]);
  const barePort = target === "bare" ? bares[0].port : null;
  const wish = { clients: clients / crowd.processes, barePort, pictures };
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

const memoryFigures = (load: string, fleet: Fleet, bares: readonly Bare[]): readonly Figure[] => {
  const floorPids = bares.map(({ child }) => child.pid ?? 0);
  const pids = nodeIds.map((id) => fleet.pidOf(id));
  const figure = (name: string, field: string): Figure => ({
    name,
    unit: "MB",
    values: pids.flatMap((pid) => megabytes(pid, field)),
    floor: floorPids.flatMap((pid) => megabytes(pid, field)),
    floorIs: "the three bare processes after as many turns",
    aim: { most: 200 },
  });
  const what = load === "small" ? "images of 200 kB" : "images of 20 MB from 8 clients";
  const figures = [
    figure(`memory of a node, after ${what}`, "VmRSS"),
    figure(`memory of a node, at its most, ${what}`, "VmHWM"),
  ];
  // Only Linux tells.
  return figures.filter(({ values }) => values.length > 0);
};
