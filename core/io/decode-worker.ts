/** The thread in which pictures are decoded: one job in, one answer out, in any order. */
import { parentPort } from "node:worker_threads";
import { giveBack } from "../model/memory.ts";
import { allocateUnset } from "./bytes.ts";
import { decode, type Inspected, loadDecoder } from "./decode.ts";
import type { DecodeAnswer, DecodeJob } from "./decoder.ts";

const answer = async (job: DecodeJob): Promise<void> => {
  if (job.image === null) await loadDecoder();
  const inspected = job.image === null ? null : await decodeWhole(job.image, job.pixelsMax);
  parentPort?.postMessage({ ticket: job.ticket, inspected } satisfies DecodeAnswer);
};

/** libvips wants the file in one piece; there is never more of it than once. */
const decodeWhole = async (image: readonly Uint8Array[], pixelsMax: number): Promise<Inspected> => {
  const file = inOnePiece(image);
  const inspected = await decode(file, pixelsMax);
  giveBack(file);
  return inspected;
};

const inOnePiece = (image: readonly Uint8Array[]): Uint8Array => {
  const [only] = image;
  if (image.length === 1 && only !== undefined) return only;
  const file = allocateUnset(image.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of image) {
    file.set(piece, at);
    at += piece.length;
    giveBack(piece);
  }
  return file;
};

parentPort?.on("message", (job: DecodeJob) => void answer(job));
