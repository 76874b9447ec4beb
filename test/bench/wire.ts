/**
 * Bytes on the wire for each byte of image: from the client, between the nodes, and back.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Total } from "./count-bytes.ts";
import { type Figure, nowMs } from "./figures.ts";
import { nodeIds, pauseMs, startFleet } from "./fleet.ts";
import { noHandover } from "./leaders.ts";
import { makePictures, startUploader } from "./uploader-start.ts";

const images = 20;
const idleMs = 3_000;
/** For copies and records behind the acknowledgement to arrive, and counters to be read. */
const tailMs = 1_500;

export const measureWire = async (): Promise<readonly Figure[]> => {
  // A fleet of its own: counting costs time.
  const counting = ["--import", new URL("./count-bytes.js", import.meta.url).href];
  const fleet = await startFleet({ cluster: noHandover, nodeArguments: counting, bytesFile: "bytes" });
  try {
    const path = join(fleet.folder, "bytes");
    const pictures = await makePictures(fleet, [1_000_000]);
    const [picture] = pictures;
    const more = { nodeArguments: counting, env: { DISTINSTA_BENCH_BYTES: path } };
    const uploader = await startUploader(fleet, { clients: 1, barePort: null, pictures }, more);
    const nodes = (): number =>
      nodeIds
        .map((id) => totalOf(path, fleet.pidOf(id)))
        .reduce((sum, { written, read }) => sum + written + read, 0);
    await uploader.upload(0, "cluster");
    await pauseMs(tailMs);
    const idleBefore = nodes();
    await pauseMs(idleMs);
    const idleRate = (nodes() - idleBefore) / idleMs;
    const before = { nodes: nodes(), client: totalOf(path, uploader.pid), atMs: nowMs() };
    for (let turn = 0; turn < images; turn++) await uploader.upload(0, "cluster");
    await pauseMs(tailMs);
    const client = totalOf(path, uploader.pid);
    const between = nodes() - before.nodes - idleRate * (nowMs() - before.atMs);
    await uploader.close();
    const plain = images * (picture?.bytes ?? 0);
    const figure = (name: string, bytes: number, ideal: number, note: string): Figure => ({
      name,
      unit: "byte a byte",
      values: [bytes / plain],
      floor: [ideal],
      floorIs: `${ideal}, the image itself`,
      aim: { median: ideal },
      note,
    });
    const how = `${images} images of 1 MB; counted on the TCP sockets, TLS and frames included`;
    return [
      figure("on the wire, from the client", client.written - before.client.written, 1, how),
      figure(
        "on the wire, between nodes",
        between,
        2,
        `${how}; less the ${Math.round(idleRate)} kB a second that three idle nodes say to each other`,
      ),
      figure("on the wire, back to the client", client.read - before.client.read, 1, how),
    ];
  } finally {
    await fleet.close();
  }
};

const totalOf = (path: string, pid: number): Total =>
  JSON.parse(readFileSync(`${path}.${pid}`, "utf8")) as Total;
