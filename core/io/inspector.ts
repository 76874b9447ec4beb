/**
 * When pictures are decoded: beside their upload, so that decoding never holds up an acknowledgement, though it
 * costs more than everything else that an upload does.
 *
 * A picture that waits for it waits where it is safe already, sealed on this disk; it is in memory, whole and plain,
 * only while it has its turn. So a picture that is still arriving takes nothing from anybody, however slowly it does.
 * Two bounds hold: few pictures have their turn at a time, because each takes a thread of the pool that also syncs
 * files, and together they have a bound in bytes. When this node stores more than it can decode, it lets new uploads
 * in more slowly; when even that is not enough, it leaves the latest pictures without a verdict.
 */
import { availableParallelism } from "node:os";
import { inspectionsBehindMax, inspectionsWaitingMax, letInMsMax } from "../model/limits.ts";
import { after } from "../model/units.ts";
import type { Clock, Inspected, Inspection, Inspector } from "../ports.ts";
import { createDecoder, type Decoder } from "./decoder.ts";

export interface WaitingInspector extends Inspector {
  /**
   * Resolves when one more upload may begin: at once, unless this node is behind with decoding. Then uploads are let
   * in one by one, as pictures have their turn, and each after `letInMsMax` at the latest. So nobody's network is waited
   * for, nor a picture that takes long. How many wait is bounded by the uploads that the caller has begun.
   */
  whenLetIn(): Promise<void>;
  /** Loads the decoder, so that the first picture does not have to wait for it. Never rejects. */
  warmUp(): Promise<void>;
  /** Ends the decoder; pictures that were waiting for it are `unknown`. Resolves when all of them have been told. */
  close(): Promise<void>;
  /** Bytes of the plain pictures that are in memory, or being read. */
  readonly plainBytes: number;
  /** Pictures whose verdict is not told yet. */
  readonly pending: number;
}

export interface InspectorOptions {
  readonly clock: Clock;
  /**
   * `limits.inspectionBacklogBytesMax` of the configuration: plaintext in memory; a greater picture has its turn
   * alone. When as much again waits on disk, this node is behind.
   */
  readonly backlogBytesMax: number;
  /** The thread that decodes; a new one when left out. */
  readonly decoder?: Decoder;
  /** Pictures decoded at once; by default as many as there are cores, and at most half of the thread pool. */
  readonly atOnceMax?: number;
}

/** The decoder is loaded when the first picture comes, or by `warmUp`. */
export const createInspector = (options: InspectorOptions): WaitingInspector => {
  const { clock, backlogBytesMax } = options;
  const decoder = options.decoder ?? createDecoder();
  const atOnceMax = options.atOnceMax ?? Math.min(availableParallelism(), threadPoolSize() / 2);
  const waiting: Inspection[] = [];
  const underWay = new Set<Promise<void>>();
  let waitingBytes = 0;
  let plainBytes = 0;
  let running = 0;
  let closed = false;

  const isBehind = (): boolean => waitingBytes > backlogBytesMax || waiting.length > inspectionsBehindMax;
  const door = createDoor(clock, isBehind);

  const hasTurn = ({ bytes }: Inspection): boolean =>
    running === 0 || (running < Math.floor(atOnceMax) && plainBytes + bytes <= backlogBytesMax);

  // Nobody overtakes: a large picture would otherwise wait for as long as small ones keep coming.
  const giveTurns = (): void => {
    for (let next = waiting[0]; next !== undefined && hasTurn(next); next = waiting[0]) {
      waiting.shift();
      waitingBytes -= next.bytes;
      keep(inTurn(next));
      door.letIn();
    }
  };

  const inTurn = async (picture: Inspection): Promise<void> => {
    running++;
    plainBytes += picture.bytes;
    const inspected = await look(picture);
    plainBytes -= picture.bytes;
    running--;
    giveTurns();
    await picture.tell(inspected);
  };

  const look = async ({ read, pixelsMax }: Inspection): Promise<Inspected> => {
    const plain = await read();
    return plain === null || closed ? unknown : decoder.decode(plain, pixelsMax);
  };

  const keep = (work: Promise<void>): void => {
    const kept = work.finally(() => underWay.delete(kept));
    underWay.add(kept);
  };

  return {
    inspect: (picture) => {
      if (closed || waiting.length >= inspectionsWaitingMax) {
        keep(picture.tell(unknown));
        return;
      }
      waiting.push(picture);
      waitingBytes += picture.bytes;
      giveTurns();
    },
    whenLetIn: door.pass,
    warmUp: decoder.warmUp,
    close: async () => {
      closed = true;
      waitingBytes = 0;
      for (const picture of waiting.splice(0)) keep(picture.tell(unknown));
      door.letIn();
      await decoder.close();
      await Promise.all(underWay);
    },
    get plainBytes() {
      return plainBytes;
    },
    get pending() {
      return waiting.length + underWay.size;
    },
  };
};

const unknown: Inspected = { verdict: "unknown", thumbnail: null };

/** libuv's own default, and the variable by which an operator changes it. */
const threadPoolSize = (): number => Number(process.env.UV_THREADPOOL_SIZE) || 4;

interface Door {
  pass(): Promise<void>;
  /** One goes in; all of them do when this node is not behind any more. */
  letIn(): void;
}

const createDoor = (clock: Clock, isBehind: () => boolean): Door => {
  const waiting = new Set<() => void>();
  return {
    pass: () => {
      if (!isBehind()) return Promise.resolve();
      return new Promise<void>((resolve) => {
        const enter = (): void => {
          waiting.delete(enter);
          cancel();
          resolve();
        };
        const cancel = clock.at(after(clock.monotonic(), letInMsMax), enter);
        waiting.add(enter);
      });
    },
    letIn: () => {
      for (const enter of waiting) {
        enter();
        if (isBehind()) return;
      }
    },
  };
};
