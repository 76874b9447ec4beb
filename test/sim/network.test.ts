/** The simulated network keeps the contract of the real one in calm weather, and breaks it only as it is told. */
import { expect, test } from "vitest";
import { boot, nodeId } from "../../core/model/ids.ts";
import type { LinkEvent } from "../../core/ports.ts";
import { type ControlNetwork, describeControlTransport } from "../contracts/control-transport.ts";
import { createLinks } from "./links.ts";
import { calm, createNetwork, type Network } from "./network.ts";
import { createRandom } from "./random.ts";
import { createScheduler } from "./scheduler.ts";

const ids = [nodeId(1), nodeId(2)];
const patienceMs = 10_000;

const simulated = (): ControlNetwork => {
  const scheduler = createScheduler();
  const random = createRandom(1);
  const listeners = new Map<number, (event: LinkEvent) => void>();
  const tell = (to: number, event: LinkEvent): void => listeners.get(to)?.(event);
  const network: Network = createNetwork(scheduler, random, true, (from, to, message) =>
    tell(to, { kind: "message", from, message }),
  );
  // One connection delivers in order.
  network.setWeather({ ...calm, delayMsMin: 1, delayMsMax: 1 });
  const links = createLinks({ scheduler, random, network, ids, isAlive: (id) => listeners.has(id), tell });
  return {
    start: async (node) => ({
      // Without a connection there is nothing to send on.
      send: (to, message) => {
        if (listeners.has(to)) network.send(nodeId(node), to, message);
      },
      listen: (onEvent) => {
        listeners.set(node, onEvent);
        links.rose(nodeId(node));
      },
    }),
    kill: async (node) => {
      listeners.delete(node);
      links.fell(nodeId(node));
    },
    until: async (condition) => {
      for (const deadline = scheduler.now() + patienceMs; !condition(); scheduler.run(scheduler.now() + 1))
        if (scheduler.now() > deadline) throw new Error("it did not happen");
    },
    stop: async () => {},
  };
};
describeControlTransport("simulated", async () => simulated());

interface Line {
  readonly network: Network;
  readonly arrived: number[];
  /** Sends the numbers 1 … count from node 1 to node 2 and waits for them. */
  send(count: number): void;
}

const line = (): Line => {
  const scheduler = createScheduler();
  const arrived: number[] = [];
  const network = createNetwork(scheduler, createRandom(7), false, (_from, _to, message) =>
    arrived.push(message.boot),
  );
  return {
    network,
    arrived,
    send: (count) => {
      for (let number = 1; number <= count; number++)
        network.send(nodeId(1), nodeId(2), { kind: "goodbye", boot: boot(number) });
      scheduler.run(scheduler.now() + 1_000);
    },
  };
};

test("it loses about the share that it is told to lose", () => {
  const { network, arrived, send } = line();
  network.setWeather({ ...calm, lossShare: 0.3 });
  send(10_000);
  expect(arrived.length).toBeGreaterThan(6_700);
  expect(arrived.length).toBeLessThan(7_300);
});

test("it reorders and repeats when told to", () => {
  const { network, arrived, send } = line();
  network.setWeather({ lossShare: 0, repeatShare: 0.5, delayMsMin: 1, delayMsMax: 100 });
  send(1_000);
  expect(arrived.length).toBeGreaterThan(1_400);
  expect(arrived).not.toEqual([...arrived].sort((a, b) => a - b));
  expect(new Set(arrived).size).toBe(1_000);
});

test("a way that is cut carries nothing until it is mended, and the way back stays", () => {
  const { network, arrived, send } = line();
  network.cut(nodeId(2), nodeId(1));
  send(5);
  expect(arrived).toHaveLength(5);
  network.cut(nodeId(1), nodeId(2));
  send(5);
  expect(arrived).toHaveLength(5);
  network.mend();
  send(5);
  expect(arrived).toHaveLength(10);
});

test("the same seed draws the same numbers, another seed others", () => {
  const draw = (seed: number): readonly number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 20 }, () => random.next());
  };
  expect(draw(5)).toEqual(draw(5));
  expect(draw(5)).not.toEqual(draw(6));
  expect(draw(5).every((value) => value >= 0 && value < 1)).toBe(true);
});
