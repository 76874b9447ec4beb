import { expect, test } from "vitest";
import { refusedOnce, sparingly } from "../../../core/io/rejections.ts";
import type { Event } from "../../../core/model/events.ts";
import { type Fault, fault } from "../../../core/model/faults.ts";
import { monotonicMs } from "../../../core/model/units.ts";
import { idOf } from "../../support/records.ts";

const stranger: Fault = fault("UNAUTHENTICATED", { reason: "it does not speak TLS" });
const other: Fault = fault("WRONG_CLUSTER", { peer: "somebody" });

const listener = () => {
  const told: string[] = [];
  const time = { ms: 0 };
  const tell = sparingly({ monotonic: () => monotonicMs(time.ms) }, (remote, { code }) => {
    told.push(`${remote} ${code}`);
  });
  return { told, time, tell };
};

test("the same trouble with the same machine is told once a minute, whatever its port", () => {
  const { told, time, tell } = listener();
  for (const ms of [0, 500, 59_999, 60_000, 60_500]) {
    time.ms = ms;
    tell(`10.0.0.1:${40_000 + ms}`, stranger);
  }
  expect(told).toEqual(["10.0.0.1:40000 UNAUTHENTICATED", "10.0.0.1:100000 UNAUTHENTICATED"]);
});

test("another trouble, and another machine, are told at once", () => {
  const { told, tell } = listener();
  tell("10.0.0.1:1", stranger);
  tell("10.0.0.1:2", other);
  tell("[2001:db8::1]:3", stranger);
  tell("[2001:db8::2]:3", stranger);
  expect(told).toHaveLength(4);
});

test("many strangers cannot make it remember without end: the oldest is told again", () => {
  const { told, tell } = listener();
  for (let host = 0; host <= 1_000; host++) tell(`host${host}:1`, stranger);
  tell("host1000:2", stranger);
  expect(told).toHaveLength(1_001);
  tell("host0:2", stranger);
  expect(told.at(-1)).toBe("host0:2 UNAUTHENTICATED");
});

test("an image that is refused again and again is logged once for each reason, and others meanwhile", () => {
  const logged: Event[] = [];
  const log = refusedOnce((event) => logged.push(event));
  const refused = (n: number, problem: Fault): Event => ({
    kind: "image.refused",
    image: idOf(n),
    fault: problem,
  });
  const few = fault("NO_QUORUM", { live: 1, needed: 2 });
  const full = fault("DISK_FULL", { path: "/data", freeBytes: 0 });
  const events = [refused(1, few), refused(2, few), refused(1, few), refused(1, full), refused(2, few)];
  for (const event of events) log(event);
  for (let time = 0; time < 2; time++) log({ kind: "disk.lost" });
  expect(logged).toEqual([events[0], events[1], events[3], { kind: "disk.lost" }, { kind: "disk.lost" }]);
});
