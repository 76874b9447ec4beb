/** Pictures for a chaos: the head of a PNG, which is all that a node looks at here, and noise. */
import { randomBytes } from "node:crypto";
import type { Source } from "../../core/io/client/source.ts";
import { chunkBytes } from "../../core/model/limits.ts";
import type { Random } from "../sim/random.ts";

/** Signature and IHDR of a PNG: what a node looks at before it takes a picture. The rest is noise. */
export const paint = (random: Random): Buffer => {
  const picture = randomBytes(bytesOf(random));
  const head = Buffer.alloc(33);
  head.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  head.writeUInt32BE(13, 8);
  head.write("IHDR", 12, "latin1");
  head.writeUInt32BE(random.whole(1, 500), 16);
  head.writeUInt32BE(random.whole(1, 500), 20);
  head.set([8, 2, 0, 0, 0], 24);
  head.copy(picture);
  return picture;
};

/** 1 kB to 2 MB; most are small, for the machine's sake. */
const bytesOf = (random: Random): number => {
  const kind = random.next();
  if (kind < 0.8) return random.whole(1_000, 50_000);
  return kind < 0.95 ? random.whole(50_000, 400_000) : random.whole(400_000, 2_000_000);
};

export const sourceOf = (name: string, picture: Buffer): Source => ({
  path: name,
  name,
  bytes: picture.length,
  open: async function* () {
    for (let from = 0; from < picture.length; from += chunkBytes)
      yield picture.subarray(from, from + chunkBytes);
  },
});
