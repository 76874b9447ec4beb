/**
 * What every `ControlTransport` does, real or simulated. The factory gives two nodes, 1 and 2, of one network;
 * tests wait for conditions, so that a simulated network may run its own clock in `until`.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ControlMessage } from "../../core/model/control.ts";
import { boot, nodeId } from "../../core/model/ids.ts";
import type { ControlTransport, LinkEvent } from "../../core/ports.ts";

export interface ControlNetwork {
  /** The transport of a node that runs: its listener is open. */
  start(node: 1 | 2): Promise<ControlTransport>;
  /** The node's process is gone: everything it had open closes, and nothing listens. */
  kill(node: 1 | 2): Promise<void>;
  /** Lets time pass until `condition` holds; rejects when it does not within the network's patience. */
  until(condition: () => boolean): Promise<void>;
  stop(): Promise<void>;
}

export const describeControlTransport = (name: string, network: () => Promise<ControlNetwork>): void => {
  describe(`control transport: ${name}`, () => {
    let net: ControlNetwork;
    beforeEach(async () => {
      net = await network();
    });
    afterEach(() => net.stop());

    const startHeard = async (node: 1 | 2): Promise<{ transport: ControlTransport; events: LinkEvent[] }> => {
      const transport = await net.start(node);
      const events: LinkEvent[] = [];
      transport.listen((event) => events.push(event));
      return { transport, events };
    };
    const has = (events: readonly LinkEvent[], kind: LinkEvent["kind"]): boolean =>
      events.some((event) => event.kind === kind);

    test("links open both ways, and messages arrive in order with their sender", async () => {
      const one = await startHeard(1);
      const two = await startHeard(2);
      await net.until(() => has(one.events, "link.opened") && has(two.events, "link.opened"));
      for (const number of [1, 2, 3]) one.transport.send(nodeId(2), goodbye(number));
      two.transport.send(nodeId(1), goodbye(9));
      await net.until(() => heard(two.events).length === 3 && heard(one.events).length === 1);
      expect(heard(two.events)).toEqual([1, 2, 3].map((n) => ({ from: 1, message: goodbye(n) })));
      expect(heard(one.events)).toEqual([{ from: 2, message: goodbye(9) }]);
      expect(one.events.find(({ kind }) => kind === "link.opened")).toEqual({ kind: "link.opened", peer: 2 });
    });

    test("what is sent to a node that is not there is dropped without a word", async () => {
      const one = await startHeard(1);
      for (let count = 0; count < 1_000; count++) one.transport.send(nodeId(2), goodbye(1));
      const two = await startHeard(2);
      await net.until(() => has(one.events, "link.opened"));
      one.transport.send(nodeId(2), goodbye(2));
      await net.until(() => heard(two.events).length > 0);
      expect(heard(two.events)).toEqual([{ from: 1, message: goodbye(2) }]);
    });

    test("a node that dies is told as closed and then refused, once", async () => {
      const one = await startHeard(1);
      const two = await startHeard(2);
      await net.until(() => has(one.events, "link.opened") && has(two.events, "link.opened"));
      await net.kill(2);
      await net.until(() => has(one.events, "link.refused"));
      const links = one.events.filter(({ kind }) => kind !== "message");
      expect(links).toEqual([
        { kind: "link.opened", peer: 2 },
        { kind: "link.closed", peer: 2 },
        { kind: "link.refused", peer: 2 },
      ]);
    });

    test("a node that was never there is not told as refused", async () => {
      const one = await startHeard(1);
      const two = await startHeard(2);
      await net.until(() => has(one.events, "link.opened"));
      expect(one.events.filter(({ kind }) => kind === "link.refused")).toEqual([]);
      expect(two.events.filter(({ kind }) => kind === "link.refused")).toEqual([]);
    });

    test("a node that comes back is linked again", async () => {
      const one = await startHeard(1);
      await startHeard(2);
      await net.until(() => has(one.events, "link.opened"));
      await net.kill(2);
      await net.until(() => has(one.events, "link.refused"));
      const again = await startHeard(2);
      await net.until(
        () =>
          one.events.filter(({ kind }) => kind === "link.opened").length === 2 &&
          has(again.events, "link.opened"),
      );
      one.transport.send(nodeId(2), goodbye(5));
      again.transport.send(nodeId(1), goodbye(6));
      await net.until(() => heard(again.events).length === 1 && heard(one.events).length === 1);
    });
  });
};

const goodbye = (number: number): ControlMessage => ({ kind: "goodbye", boot: boot(number) });

const heard = (events: readonly LinkEvent[]): readonly { from: number; message: ControlMessage }[] =>
  events.flatMap((event) => (event.kind === "message" ? [{ from: event.from, message: event.message }] : []));
