import fc from "fast-check";
import { expect, test } from "vitest";
import { rendezvousOrder } from "../../../core/decide/rendezvous.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { imageIdFrom } from "../../../core/model/image-id.ts";
import { wallMs } from "../../../core/model/units.ts";

const nine = Array.from({ length: 9 }, (_, index) => nodeId(index + 1));
const anId = fc
  .tuple(fc.nat(2 ** 40), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([at, random]) => imageIdFrom(wallMs(at), random));
const someNodes = fc.subarray(nine, { minLength: 1 });

test("every node has its place, whatever the order in which the nodes are named", () => {
  fc.assert(
    fc.property(anId, fc.shuffledSubarray(nine, { minLength: 1 }), (id, nodes) => {
      const order = rendezvousOrder(id, nodes);
      expect(order.toSorted()).toEqual(nodes.toSorted());
      expect(rendezvousOrder(id, nodes.toReversed())).toEqual(order);
    }),
  );
});

test("when a node goes, the others keep their order: only its own images move", () => {
  fc.assert(
    fc.property(anId, someNodes, fc.nat(8), (id, nodes, pick) => {
      const gone = nodes[pick % nodes.length];
      const before = rendezvousOrder(id, nodes);
      const left = rendezvousOrder(
        id,
        nodes.filter((node) => node !== gone),
      );
      expect(left).toEqual(before.filter((node) => node !== gone));
    }),
  );
});

test("images spread evenly over the nodes, also those of one moment", () => {
  const images = 9_000;
  const firsts = new Map(nine.map((node) => [node, 0]));
  for (let image = 0; image < images; image++) {
    const random = new Uint8Array(10);
    new DataView(random.buffer).setUint32(6, image);
    const [first = nodeId(1)] = rendezvousOrder(imageIdFrom(wallMs(1_700_000_000_000), random), nine);
    firsts.set(first, (firsts.get(first) ?? 0) + 1);
  }
  for (const count of firsts.values()) {
    expect(count).toBeGreaterThan(0.8 * (images / 9));
    expect(count).toBeLessThan(1.2 * (images / 9));
  }
});
