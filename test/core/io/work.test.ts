import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../core/io/clock.ts";
import { parseConfig } from "../../../core/io/config-file.ts";
import { createWork, type MeasuredWork } from "../../../core/io/work.ts";
import { FaultError, fault } from "../../../core/model/faults.ts";
import type { Store } from "../../../core/ports.ts";
import { testFolder } from "../../support/folders.ts";

const workWith = (more: string, headroomBytes?: number): MeasuredWork => {
  const config = parseConfig(`[servers]\nnode1 = "127.0.0.1:1"\n${more}`);
  if (!config.ok) throw new FaultError(config.fault);
  const storage = { ...config.value.storage, ...(headroomBytes !== undefined && { headroomBytes }) };
  const work = createWork({ ...config.value, storage }, testFolder(), systemClock());
  onTestFinished(() => work.close());
  return work;
};
const store = { images: 3, payloadBytes: 400 } as Store;
const whole = { rebuild: null, scrub: null };

test("two uploads of one id are not processed at once", () => {
  const work = workWith("");
  expect(work.begin("a", 100)).toBeNull();
  expect(work.begin("a", 100)).toMatchObject({ code: "BUSY" });
  work.end("a");
  expect(work.begin("a", 100)).toBeNull();
});

test("more uploads than the configuration allows are turned away", () => {
  const work = workWith("[limits]\nuploads_in_flight_max = 2\n");
  expect([work.begin("a", 1), work.begin("b", 1)]).toEqual([null, null]);
  expect(work.begin("c", 1)).toMatchObject({ code: "BUSY" });
  work.end("b");
  expect(work.begin("c", 1)).toBeNull();
});

test("what has arrived is no longer in flight, and what has ended does not come back", () => {
  const work = workWith("");
  work.begin("a", 100);
  work.begin("b", 50);
  expect([work.inFlight, work.bytesInFlight]).toEqual([2, 150]);
  work.arrived("a", 70);
  expect(work.bytesInFlight).toBe(80);
  work.arrived("b", 60);
  expect(work.bytesInFlight).toBe(30);
  work.end("a");
  work.arrived("a", 1);
  expect([work.inFlight, work.bytesInFlight]).toEqual([1, 0]);
});

test("the report has the store's figures and the machine's, each within its bounds", () => {
  const work = workWith("");
  work.begin("a", 100);
  const report = work.report(store, whole);
  expect(report).toMatchObject({ inFlight: 1, bytesInFlight: 100, images: 3, payloadBytes: 400 });
  expect(report).toMatchObject({ readOnly: false, uploadsPerSecond: 0, uploadMsP50: null, ...whole });
  for (const share of [report.cpu, report.memory]) {
    expect(share).toBeGreaterThanOrEqual(0);
    expect(share).toBeLessThanOrEqual(1);
  }
  expect(report.diskFreeBytes).toBeGreaterThan(0);
  expect(report.uptimeMs).toBeGreaterThanOrEqual(0);
});

test("a disk below its headroom takes no more images", () => {
  const work = workWith("", Number.POSITIVE_INFINITY);
  expect(work.diskFault).toMatchObject({ code: "DISK_FULL" });
  expect(work.report(store, whole).readOnly).toBe(true);
});

test("a disk that failed stays failed, with its first reason", () => {
  const work = workWith("");
  expect(work.diskFault).toBeNull();
  work.failDisk(fault("DISK_FAILED", { path: "p", reason: "first" }));
  work.failDisk(fault("DISK_FAILED", { path: "p", reason: "second" }));
  expect(work.diskFault).toMatchObject({ code: "DISK_FAILED", reason: "first" });
  expect(work.report(store, whole).readOnly).toBe(true);
});
