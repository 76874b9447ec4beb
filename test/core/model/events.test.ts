import { expect, test } from "vitest";
import { type Event, levelOf, sentenceOf } from "../../../core/model/events.ts";
import { fault } from "../../../core/model/faults.ts";
import { nodeId, term } from "../../../core/model/ids.ts";
import { eventLines, me } from "../../support/events.ts";
import { idOf } from "../../support/records.ts";

const image = idOf(1);
const short = image.slice(-8);

test.each(Object.values(eventLines))("$kind", (event, level, sentence) => {
  expect(sentenceOf(me, event)).toBe(sentence);
  expect(levelOf(event)).toBe(level);
});

test("a disk that was filled anew says which one of the node it is", () => {
  expect(sentenceOf(me, { kind: "disk.born", generation: 3 })).toBe(
    "Node 3: this disk has what the others know; it is the node's disk 3",
  );
});

test("an entry that was damaged is no damaged copy", () => {
  expect(sentenceOf(me, { kind: "scrub.found", image, payload: false })).toBe(
    `Node 3: the entry of image ${short} on this disk was damaged; it was written anew`,
  );
});

test("a node speaks of another leader in the third person", () => {
  expect(sentenceOf(me, { kind: "leader.elected", term: term(4), leader: nodeId(2) })).toBe(
    "Node 3: node 2 leads term 4",
  );
});

test("an upload whose client went away was not refused; one whose home was lost was", () => {
  const lost = (peer: string): Event => ({
    kind: "image.refused",
    image,
    fault: fault("CONNECTION_LOST", { peer, reason: "write ECONNRESET" }),
  });
  expect(levelOf(lost("user alice"))).toBe("info");
  expect(sentenceOf(nodeId(3), lost("user alice"))).toBe(
    `Node 3: the client of ${short} went away before the image was stored`,
  );
  expect(levelOf(lost("node 2"))).toBe("warn");
  expect(sentenceOf(nodeId(3), lost("node 2"))).toContain("refused");
});
