import { expect, test } from "vitest";
import * as ids from "../../../core/model/ids.ts";

const uuid = "01937f3a-1234-7abc-8def-0123456789ab";

test.each<[string, (value: unknown) => unknown, readonly unknown[], readonly unknown[]]>([
  ["a node id", ids.parseNodeId, [1, 9], [0, 10, 1.5, -1, "1", null, Number.NaN]],
  ["a term", ids.parseTerm, [0, 2 ** 53 - 1], [-1, 0.5, 2 ** 53, "0", undefined]],
  ["a boot number", ids.parseBoot, [1, 77], [0, -1, 1.1, true]],
  ["a store id", ids.parseStoreId, ["0123456789abcdef".repeat(2)], ["", "A".repeat(32), "0".repeat(31), 7]],
  ["a cluster id", ids.parseClusterId, ["f".repeat(32)], ["g".repeat(32), "0".repeat(33), null]],
  [
    "an image id",
    ids.parseImageId,
    [uuid],
    [uuid.toUpperCase(), uuid.replace("-7", "-4"), uuid.replace("-8", "-c"), `${uuid}0`, `${uuid}\n`, 1],
  ],
  [
    "a user name",
    ids.parseUserName,
    ["alice", "0", "a.b_c-d", "a".repeat(32)],
    ["", "Alice", ".alice", "-x", "../x", "a/b", "é", "a".repeat(33), "a\n", null],
  ],
])("%s is read from what it may be, and from nothing else", (_, parse, good, bad) => {
  for (const value of good) expect(parse(value)).toBe(value);
  for (const value of bad) expect(parse(value)).toBeNull();
});

test("our own code that makes a wrong one has a bug, and hears of it", () => {
  for (const make of [
    () => ids.nodeId(0),
    () => ids.term(-1),
    () => ids.boot(0),
    () => ids.storeId("x"),
    () => ids.clusterId(""),
    () => ids.imageId("no"),
    () => ids.userNameOf("A"),
  ])
    expect(make).toThrow(TypeError);
});

test("the next term is one higher, and people see the end of an image id", () => {
  expect(ids.nextTerm(ids.term(6))).toBe(7);
  expect(ids.shortId(ids.imageId(uuid))).toBe("456789ab");
});
