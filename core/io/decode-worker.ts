/** The thread in which pictures are decoded: one job in, one answer out, in any order. */
import { parentPort } from "node:worker_threads";
import { decode, loadDecoder } from "./decode.ts";
import type { DecodeAnswer, DecodeJob } from "./decoder.ts";

const answer = async (job: DecodeJob): Promise<void> => {
  if (job.image === null) await loadDecoder();
  // libvips wants the file in one piece.
  const inspected = job.image === null ? null : await decode(Buffer.concat(job.image), job.pixelsMax);
  parentPort?.postMessage({ ticket: job.ticket, inspected } satisfies DecodeAnswer);
};

parentPort?.on("message", (job: DecodeJob) => void answer(job));
