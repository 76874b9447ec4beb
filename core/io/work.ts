/**
 * What this node has in hand, and what its machine can bear: the figures behind its load.
 */
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { ClusterConfig } from "../model/config.ts";
import type { LoadReport } from "../model/control.ts";
import { type Fault, fault } from "../model/faults.ts";
import type { Clock, PayloadStore } from "../ports.ts";
import { freeBytesAt } from "./disk.ts";
import type { Work } from "./node-context.ts";

export interface MeasuredWork extends Work {
  /** The figures of this moment; cheap enough for every heartbeat. */
  report(payloads: PayloadStore): LoadReport;
  /** True while timers fire so late that this node would make a bad leader. */
  readonly lagging: boolean;
  close(): void;
}

/** The figures that cost system calls are measured this often. */
const sampleMs = 500;
const laggingMs = 200;

export const createWork = (config: ClusterConfig, folder: string, clock: Clock): MeasuredWork => {
  const startedAt = clock.monotonic();
  const uploads = new Map<string, number>();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  let machine = measureMachine(folder, null);
  let lagMs = 0;
  let failed: Fault | null = null;
  let cancel = (): void => undefined;
  const sample = (): void => {
    machine = measureMachine(folder, machine);
    lagMs = Math.max(0, delay.percentile(99) / 1e6 - 10);
    delay.reset();
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
      return lagMs > laggingMs;
    },
    failDisk: (problem) => {
      failed ??= problem;
    },
    report: (payloads) => ({
      inFlight: uploads.size,
      bytesInFlight: bytesInFlight(),
      cpu: machine.cpu,
      memory: machine.memory,
      lagMs,
      images: payloads.images,
      payloadBytes: payloads.payloadBytes,
      diskFreeBytes: machine.diskFreeBytes,
      uptimeMs: clock.monotonic() - startedAt,
      drained: false,
      readOnly: failed !== null || lowDisk() !== null,
    }),
    close: () => {
      cancel();
      delay.disable();
    },
  };
};

interface Machine {
  readonly cpu: number;
  readonly memory: number;
  readonly diskFreeBytes: number;
  readonly busyMs: number;
  readonly totalMs: number;
}

/** Processor time is counted since boot, so the share is of what passed since the measure before. */
const measureMachine = (folder: string, before: Machine | null): Machine => {
  let busyMs = 0;
  let totalMs = 0;
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle;
    totalMs += all;
    busyMs += all - times.idle;
  }
  const passedMs = totalMs - (before?.totalMs ?? 0);
  return {
    cpu:
      before === null || passedMs < availableParallelism()
        ? (before?.cpu ?? 0)
        : (busyMs - before.busyMs) / passedMs,
    memory: 1 - freemem() / totalmem(),
    diskFreeBytes: freeBytesAt(folder) ?? 0,
    busyMs,
    totalMs,
  };
};
