/**
 * What this node has in hand, and what its machine can bear: the figures behind its load.
 */
import { availableParallelism, cpus, freemem, loadavg, totalmem } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ClusterConfig } from "../model/config.ts";
import type { MeasuredLoad } from "../model/control.ts";
import { type Fault, fault } from "../model/faults.ts";
import type { Clock, Store } from "../ports.ts";
import { freeBytesAt } from "./disk.ts";
import type { Work } from "./node-context.ts";
import { createUploadPace } from "./upload-pace.ts";

export interface MeasuredWork extends Work {
  /** The figures of this moment; cheap enough for every heartbeat. */
  report(store: Store, disk: Pick<MeasuredLoad, "rebuild" | "scrub">): MeasuredLoad;
  /** An upload was processed to its end, in `ms`. */
  processed(ms: number): void;
  /** True while timers fire so late that this node would make a bad leader. */
  readonly lagging: boolean;
  close(): void;
}

/** The figures that cost system calls are measured this often. */
const sampleMs = 500;
const laggingMs = 200;

/** What the machine says of itself. */
export interface Meter {
  /** Since the call before. */
  measure(): MachineFigures;
  close(): void;
}

export interface MachineFigures {
  /** 0 … 1. */
  readonly cpu: number;
  readonly memory: number;
  readonly diskFreeBytes: number;
  /** How late timers fire. */
  readonly lagMs: number;
}

/** `folder`: on the disk that is measured, and named when it is full. */
export const createWork = (
  config: ClusterConfig,
  folder: string,
  clock: Clock,
  meter: Meter = createMeter(folder),
): MeasuredWork => {
  const startedAt = clock.monotonic();
  const uploads = new Map<string, number>();
  const pace = createUploadPace(clock);
  let machine = meter.measure();
  let paced = pace.figures();
  let failed: Fault | null = null;
  let cancel = (): void => undefined;
  const sample = (): void => {
    machine = meter.measure();
    paced = pace.figures();
    cancel = clock.at((clock.monotonic() + sampleMs) as ReturnType<Clock["monotonic"]>, sample);
  };
  sample();

  const lowDisk = (): Fault | null =>
    machine.diskFreeBytes < config.storage.headroomBytes
      ? fault("DISK_FULL", { path: folder, freeBytes: machine.diskFreeBytes })
      : null;
  const bytesInFlight = (): number => [...uploads.values()].reduce((sum, bytes) => sum + bytes, 0);

  return {
    begin: (id, bytes) => {
      if (uploads.has(id)) return fault("BUSY", { what: "this image is being processed already" });
      if (uploads.size >= config.limits.uploadsInFlightMax) {
        return fault("BUSY", { what: `${uploads.size} uploads are under way on this node` });
      }
      uploads.set(id, bytes);
      return null;
    },
    arrived: (id, bytes) => {
      const left = uploads.get(id);
      if (left !== undefined) uploads.set(id, Math.max(0, left - bytes));
    },
    end: (id) => {
      uploads.delete(id);
    },
    get inFlight() {
      return uploads.size;
    },
    get bytesInFlight() {
      return bytesInFlight();
    },
    get diskFault() {
      return failed ?? lowDisk();
    },
    get lagging() {
      return machine.lagMs > laggingMs;
    },
    failDisk: (problem) => {
      failed ??= problem;
    },
    processed: pace.add,
    report: (store, disk) => ({
      inFlight: uploads.size,
      bytesInFlight: bytesInFlight(),
      cpu: machine.cpu,
      memory: machine.memory,
      lagMs: machine.lagMs,
      images: store.images,
      payloadBytes: store.payloadBytes,
      diskFreeBytes: machine.diskFreeBytes,
      uptimeMs: clock.monotonic() - startedAt,
      ...paced,
      readOnly: failed !== null || lowDisk() !== null,
      ...disk,
    }),
    close: () => {
      cancel();
      meter.close();
    },
  };
};

/** This machine. */
const createMeter = (folder: string): Meter => {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let times: ProcessorTimes | null = null;
  return {
    measure: () => {
      times = measureProcessors(times);
      const lagMs = Math.max(0, delay.percentile(99) / 1e6 - 10);
      delay.reset();
      const memory = 1 - freemem() / totalmem();
      return { cpu: times.cpu, memory, diskFreeBytes: freeBytesAt(folder) ?? 0, lagMs };
    },
    close: () => delay.disable(),
  };
};

interface ProcessorTimes {
  readonly cpu: number;
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Processor time is counted since boot, so the share is of what passed since the measure before. */
const measureProcessors = (before: ProcessorTimes | null): ProcessorTimes => {
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle;
    totalMs += all;
    busyMs += all - times.idle;
  }
  const cpu = before === null ? loadNow() : shareSince(before, busyMs, totalMs);
  return { cpu, busyMs, totalMs };
};

const shareSince = (before: ProcessorTimes, busyMs: number, totalMs: number): number => {
  const passedMs = totalMs - before.totalMs;
  return passedMs < availableParallelism() ? before.cpu : (busyMs - before.busyMs) / passedMs;
};

/** Before there is anything to compare with: how many wait for a processor, of the last minute. */
const loadNow = (): number => Math.min(1, (loadavg()[0] ?? 0) / availableParallelism());
