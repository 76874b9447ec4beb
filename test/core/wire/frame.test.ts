import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fault } from "../../../core/model/faults.ts";
import { frameBytesMax, helloBytesMax, sealedChunkBytesMax } from "../../../core/model/limits.ts";
import {
  createFrameParser,
  encodeFrame,
  type FrameKind,
  frameAround,
  frameHead,
  roomForChunk,
} from "../../../core/wire/frame.ts";

interface Parsed {
  readonly frames: { readonly kind: FrameKind; readonly body: number[] }[];
  readonly problem: Fault | null;
  readonly atBoundary: boolean;
  readonly allocated: number;
}

const parse = (pieces: Iterable<Uint8Array>): Parsed => {
  const frames: Parsed["frames"] = [];
  let allocated = 0;
  const parser = createFrameParser(
    (kind, body) => frames.push({ kind, body: [...body] }),
    (bytes) => {
      allocated += bytes;
      return new Uint8Array(bytes);
    },
  );
  let problem: Fault | null = null;
  for (const piece of pieces) problem = parser.push(piece);
  return { frames, problem, atBoundary: parser.atBoundary, allocated };
};

const cutAt = (bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] => {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
};

const joined = (frames: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(frames));

const hello = encodeFrame("message", new Uint8Array([1, 2, 3]));
const frame = fc.record({
  kind: fc.constantFrom("message" as const, "chunk" as const),
  body: fc.uint8Array({ minLength: 1, maxLength: 300 }),
});

describe("a stream of frames", () => {
  test("comes out the same however it was split", () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        (frames, cuts) => {
          const stream = joined(frames.map(({ kind, body }) => encodeFrame(kind, body)));
          const parsed = parse(cutAt(stream, cuts));
          expect(parsed.frames).toEqual(frames.map(({ kind, body }) => ({ kind, body: [...body] })));
          expect(parsed.problem).toBeNull();
          expect(parsed.atBoundary).toBe(true);
        },
      ),
    );
  });

  test("byte by byte", () => {
    const stream = joined([hello, encodeFrame("chunk", new Uint8Array(1000).fill(9)), hello]);
    const parsed = parse([...stream].map((byte) => new Uint8Array([byte])));
    expect(parsed.frames.map(({ kind, body }) => [kind, body.length])).toEqual([
      ["message", 3],
      ["chunk", 1000],
      ["message", 3],
    ]);
  });

  test("bodies in one piece are views, bodies in several are copied once, and both are plain", () => {
    const stream = Buffer.from(joined([hello, encodeFrame("chunk", new Uint8Array(100).fill(5))]));
    const bodies: Uint8Array[] = [];
    const parser = createFrameParser((_, body) => bodies.push(body));
    parser.push(stream);
    expect(bodies.every((body) => body.buffer === stream.buffer)).toBe(true);
    parser.push(stream.subarray(0, 6));
    parser.push(stream.subarray(6));
    expect(bodies[2]?.buffer).not.toBe(stream.buffer);
    for (const body of bodies) expect(Object.getPrototypeOf(body)).toBe(Uint8Array.prototype);
  });

  test("a head is length, kind; the length counts the kind", () => {
    expect([...frameHead("chunk", 65_552)]).toEqual([0, 1, 0, 17, 2]);
    expect([...hello]).toEqual([0, 0, 0, 4, 1, 1, 2, 3]);
  });

  test("cut anywhere, it is not at a boundary and hands out no half frame", () => {
    const stream = joined([hello, encodeFrame("chunk", new Uint8Array(50))]);
    for (let end = 1; end < stream.length; end++) {
      const parsed = parse([stream.subarray(0, end)]);
      expect(parsed.atBoundary).toBe(end === hello.length);
      expect(parsed.frames.length).toBe(end >= hello.length ? 1 : 0);
    }
  });
});

describe("bounds", () => {
  const announcing = (kind: 1 | 2, bodyBytes: number): Uint8Array => {
    const head = Buffer.alloc(5);
    head.writeUInt32BE(bodyBytes + 1);
    head[4] = kind;
    return new Uint8Array(head);
  };

  test("the first frame has the hello's bound, later ones that of their kind; nothing is allocated over it", () => {
    const cases: readonly (readonly [Uint8Array, 1 | 2, number])[] = [
      [new Uint8Array(), 1, helloBytesMax],
      [new Uint8Array(), 2, helloBytesMax],
      [hello, 1, frameBytesMax],
      [hello, 2, sealedChunkBytesMax],
    ];
    for (const [before, kind, bytesMax] of cases) {
      const over = parse([before, announcing(kind, bytesMax + 1), new Uint8Array(10)]);
      expect(over.problem).toMatchObject({ code: "PROTOCOL_VIOLATION" });
      expect(over.allocated).toBe(0);
      const within = parse([before, announcing(kind, bytesMax), new Uint8Array(10)]);
      expect(within.problem).toBeNull();
      expect(within.allocated).toBe(bytesMax);
    }
  });

  test("empty frames, unknown kinds and lengths that would be negative elsewhere are refused", () => {
    for (const head of [
      [0, 0, 0, 0, 1],
      [0, 0, 0, 1, 1],
      [0, 0, 0, 1, 2],
      [0, 0, 0, 9, 0],
      [0, 0, 0, 9, 3],
      [255, 255, 255, 255, 1],
      [128, 0, 0, 0, 2],
    ]) {
      expect(parse([new Uint8Array(head)]).problem).toMatchObject({ code: "PROTOCOL_VIOLATION" });
    }
  });

  test("after a violation nothing more is parsed", () => {
    const parsed = parse([new Uint8Array([0, 0, 0, 0, 0]), hello, hello]);
    expect(parsed.frames).toEqual([]);
    expect(parsed.problem).not.toBeNull();
  });

  test("garbage never throws and never allocates more than one frame", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 10 }), (pieces) => {
        const parsed = parse([hello, ...pieces]);
        expect(parsed.allocated).toBeLessThanOrEqual(frameBytesMax * (pieces.length + 1));
        expect(parsed.frames[0]?.kind).toBe("message");
      }),
      { numRuns: 500 },
    );
  });
});

describe("room for a chunk", () => {
  test("has its head before it, so that the chunk is a frame already", () => {
    const body = roomForChunk(3);
    body.set([7, 8, 9]);
    const frame = frameAround(body);
    expect(frame).toEqual(encodeFrame("chunk", new Uint8Array([7, 8, 9])));
    expect(parse([hello, frame ?? new Uint8Array(0)]).frames.at(-1)).toEqual({
      kind: "chunk",
      body: [7, 8, 9],
    });
  });

  test("is not seen in other bytes", () => {
    expect(frameAround(new Uint8Array(3))).toBeNull();
    expect(frameAround(new Uint8Array(8).subarray(5))).toBeNull();
    expect(frameAround(roomForChunk(3).subarray(0, 2))).toBeNull();
    expect(frameAround(roomForChunk(3).subarray(1))).toBeNull();
  });
});
