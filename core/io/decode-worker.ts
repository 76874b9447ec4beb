/** The thread in which pictures are decoded: one job in, one answer out, in any order. */
import { parentPort } from "node:worker_threads";
import { giveBack } from "../model/memory.ts";
import type { Inspected } from "../ports.ts";
import { decode, loadDecoder } from "./decode.ts";
import type { DecodeAnswer, DecodeJob } from "./decoder.ts";

const answer = async (job: DecodeJob): Promise<void> => {
  if (job.image === null) await loadDecoder();
  const inspected = job.image === null ? null : await decodeWhole(job.image, job.pixelsMax);
  parentPort?.postMessage({ ticket: job.ticket, inspected } satisfies DecodeAnswer);
};

const decodeWhole = async (image: Uint8Array, pixelsMax: number): Promise<Inspected> => {
  const inspected = await decode(image, pixelsMax);
  giveBack(image);
  return inspected;
};

parentPort?.on("message", (job: DecodeJob) => void answer(job));
