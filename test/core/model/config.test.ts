import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../core/io/config-file.ts";
import {
  agreement,
  type ClusterConfig,
  copiesWanted,
  formatAddress,
  majorityOf,
} from "../../../core/model/config.ts";
import { clusterId, nodeId } from "../../../core/model/ids.ts";
import { limitsHold } from "../../../core/model/limits.ts";
import { after, monotonicMs } from "../../../core/model/units.ts";

const config = (nodes: number, replication: number): ClusterConfig => {
  const parsed = parseConfig('[servers]\nnode1 = "127.0.0.1:8001"\n');
  if (!parsed.ok) throw new Error(parsed.fault.code);
  const servers = Array.from({ length: nodes }, (_, index) => ({
    id: nodeId(index + 1),
    host: index === 0 ? "::1" : "photos.example",
    port: 8001 + index,
  }));
  return { ...parsed.value, servers, replication };
};

test("any two majorities have a node in common, and no smaller number would do", () => {
  for (let nodes = 1; nodes <= 9; nodes++) {
    expect(2 * majorityOf(nodes)).toBeGreaterThan(nodes);
    expect(2 * (majorityOf(nodes) - 1)).toBeLessThanOrEqual(nodes);
  }
  expect([1, 2, 3, 4, 5].map(majorityOf)).toEqual([1, 2, 2, 3, 3]);
});

test("copies are at least a majority and at most one per node", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), (nodes, replication) => {
      const copies = copiesWanted(config(nodes, replication));
      expect(copies).toBeGreaterThanOrEqual(majorityOf(nodes));
      expect(copies).toBeLessThanOrEqual(nodes);
      if (replication >= majorityOf(nodes) && replication <= nodes) expect(copies).toBe(replication);
    }),
  );
});

describe("what all machines must agree on", () => {
  const cluster = clusterId("ab".repeat(16));
  test("is the cluster, each server and the number of copies, a line each", () => {
    expect(agreement(cluster, config(2, 2))).toEqual([
      `cluster = ${"ab".repeat(16)}`,
      "servers.node1 = [::1]:8001",
      "servers.node2 = photos.example:8002",
      "cluster.replication = 2",
    ]);
  });

  test("is not what each machine may choose for itself", () => {
    const one = config(3, 2);
    const other = {
      ...one,
      limits: { ...one.limits, imageBytesMax: 5 },
      timings: { ...one.timings, leaseMs: 1 },
    };
    expect(agreement(cluster, other)).toEqual(agreement(cluster, one));
    expect(agreement(cluster, config(3, 3))).not.toEqual(agreement(cluster, one));
  });
});

test("only IPv6 addresses are put in brackets", () => {
  expect(formatAddress({ host: "10.0.0.1", port: 1 })).toBe("10.0.0.1:1");
  expect(formatAddress({ host: "fe80::1", port: 2 })).toBe("[fe80::1]:2");
});

test.each(limitsHold)("the limits fit each other: %s", (_, holds) => {
  expect(holds).toBe(true);
});

test("a moment is moved by a duration", () => {
  expect(after(monotonicMs(40), 2.5)).toBe(42.5);
});
