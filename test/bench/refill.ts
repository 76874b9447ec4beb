/**
 * How fast a node gets back what it missed while it was away, and all that was on a disk that is gone.
 *
 * By default every node of three is to have a copy of everything, so the one that comes back has something to fetch.
 */
import { rmSync } from "node:fs";
import { nodeFolderOf } from "../../core/io/node-lock.ts";
import { nodeId } from "../../core/model/ids.ts";
import { startBareTrio } from "./bare-start.ts";
import { type Figure, nowMs } from "./figures.ts";
import { type Fleet, pauseMs } from "./fleet.ts";
import { startSettled } from "./leaders.ts";
import type { Options } from "./options.ts";
import { makePictures, startUploader, type Uploader } from "./uploader-start.ts";

const away = nodeId(1);
const bytes = 1_000_000;

export const measureRefill = async (options: Options): Promise<readonly Figure[]> => {
  const fleet = await startSettled(options.nodeArguments, '[images]\ninspect = "header"');
  try {
    const pictures = await makePictures(fleet, [bytes]);
    const [relay] = await startBareTrio(fleet);
    const uploader = await startUploader(fleet, { clients: 1, barePort: relay.port, pictures });
    const imageBytes = pictures[0]?.bytes ?? 0;
    await stop(fleet);
    for (let image = 0; image < options.missed; image++) await uploader.upload(0, "cluster");
    const caughtUp = await comeBack(fleet, options.missed);
    await stop(fleet);
    rmSync(nodeFolderOf(fleet.data, away), { recursive: true });
    const rebuilt = await comeBack(fleet, options.missed);
    const floor = await bareRate(uploader, imageBytes);
    await uploader.close();
    const figure = (name: string, { fetchingMs }: Return, note: string): Figure => ({
      name,
      unit: "MB a second",
      values: [(options.missed * imageBytes) / 1_000 / fetchingMs],
      floor,
      floorIs: "uploads of 1 MB, one at a time, to the bare processes",
      aim: {},
      note,
    });
    const said = ({ firstMs, allMs }: Return): string =>
      `${options.missed} images of 1 MB; the first copy was there ${Math.round(firstMs)} ms after the process was started, the last one after ${Math.round(allMs)} ms; the rate is of the time between`;
    return [
      figure("catch-up after being away", caughtUp, said(caughtUp)),
      figure("rebuild of an empty disk", rebuilt, said(rebuilt)),
    ];
  } finally {
    await fleet.close();
  }
};

const stop = async (fleet: Fleet): Promise<void> => {
  fleet.signal(away, "SIGTERM");
  await fleet.untilGone(away);
  await pauseMs(1_000);
};

interface Return {
  /** From the start of the process to the first copy, and to the last. */
  readonly firstMs: number;
  readonly allMs: number;
  /** From before the first copy to after the last: what came before the first is not counted, nor is it. */
  readonly fetchingMs: number;
}

const comeBack = async (fleet: Fleet, copies: number): Promise<Return> => {
  const from = fleet.lines.length;
  const startedAtMs = nowMs();
  fleet.start(away);
  let seen = from;
  const times: number[] = [];
  await fleet.when(
    "all copies to be made",
    () => {
      for (; seen < fleet.lines.length; seen++) {
        const line = fleet.lines[seen];
        if (line?.node === away && line.event === "copy.made") times.push(line.atMs);
      }
      return times.length >= copies || null;
    },
    refillMsMax,
  );
  const [first = 0] = times;
  const last = times.at(-1) ?? 0;
  // The first copy itself was made before the time that is measured.
  const fetchingMs = ((last - first) * copies) / Math.max(1, copies - 1);
  return { firstMs: first - startedAtMs, allMs: last - startedAtMs, fetchingMs };
};

const refillMsMax = 120_000;

const bareRate = async (uploader: Uploader, imageBytes: number): Promise<readonly number[]> => {
  const rates: number[] = [];
  for (let turn = 0; turn < 10; turn++)
    rates.push(imageBytes / 1_000 / (await uploader.upload(0, "bare")).ms);
  return rates;
};
