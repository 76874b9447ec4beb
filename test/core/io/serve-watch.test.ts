/** A watcher that reads too slowly: it misses entries and is told so, it never makes the node wait, and one that reads nothing is cut. */
import { expect, test } from "vitest";
import type { Connection, Incoming } from "../../../core/io/connection.ts";
import { createNewsDesk } from "../../../core/io/news-desk.ts";
import type { NodeContext } from "../../../core/io/node-context.ts";
import { type OperatorDesk, serveWatch } from "../../../core/io/serve-operator.ts";
import type { Fault } from "../../../core/model/faults.ts";
import { boot, nodeId } from "../../../core/model/ids.ts";
import { newsWaitingMax, stallMsMax } from "../../../core/model/limits.ts";
import type { Message, WatchNews } from "../../../core/model/messages.ts";
import type { Snapshot } from "../../../core/model/snapshot.ts";
import { monotonicMs, wallMs } from "../../../core/model/units.ts";

/** Time that goes on only when it is told to. */
const openClock = () => {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly wake: () => void }>();
  return {
    clock: {
      monotonic: () => monotonicMs(now),
      wall: () => wallMs(now),
      at: (at: number, wake: () => void) => {
        const timer = { at, wake };
        timers.add(timer);
        return () => void timers.delete(timer);
      },
    },
    pass: (ms: number): void => {
      for (const end = now + ms; now < end; now++) {
        for (const timer of [...timers].filter(({ at }) => at <= now)) {
          timers.delete(timer);
          timer.wake();
        }
      }
    },
  };
};

const watching = () => {
  const { clock, pass } = openClock();
  const news = createNewsDesk();
  const sent: WatchNews[] = [];
  const { promise: closed, resolve: close } = Promise.withResolvers<Incoming>();
  const line = { unsentBytes: 0, cut: null as Fault | null };
  const connection = {
    get unsentBytes() {
      return line.unsentBytes;
    },
    send: async (message: Message) => {
      if (message.kind === "watch.news") sent.push(message);
    },
    receive: () => closed,
    destroy: (problem: Fault | null) => {
      line.cut = problem;
    },
  };
  const served = serveWatch(
    { clock, driver: { boot: boot(1) } } as unknown as NodeContext,
    { news } as unknown as OperatorDesk,
    () => ({}) as Snapshot,
    connection as unknown as Connection,
    { kind: "watch", boot: null, after: 0 },
  );
  return { news, sent, line, pass, served, close: () => close({ kind: "chunk", bytes: new Uint8Array() }) };
};

const tell = (news: ReturnType<typeof createNewsDesk>, entries: number): void => {
  for (let entry = 0; entry < entries; entry++)
    news.tell({ kind: "node.up", peer: nodeId(2) }, wallMs(entry));
};

test("while a watcher takes nothing nothing more is sent; then it gets the newest entries and how many it missed", () => {
  const { news, sent, line, pass } = watching();
  expect(sent).toHaveLength(1);
  line.unsentBytes = 1_000_000;
  tell(news, newsWaitingMax + 70);
  news.changed();
  pass(5_000);
  expect(sent).toHaveLength(1);
  line.unsentBytes = 0;
  pass(2_000);
  const told = sent.slice(1).flatMap(({ entries }) => entries.map(({ number }) => number));
  expect(told).toEqual(Array.from({ length: newsWaitingMax }, (_, index) => index + 71));
  expect(sent.map(({ skipped }) => skipped).filter((skipped) => skipped > 0)).toEqual([70]);
  expect(sent[1]?.snapshot).not.toBeNull();
  expect(line.cut).toBeNull();
});

test("one that takes nothing for long is cut", () => {
  const { news, line, pass } = watching();
  line.unsentBytes = 1_000_000;
  pass(stallMsMax);
  tell(news, 1);
  expect(line.cut).toBeNull();
  pass(2_000);
  expect(line.cut?.code).toBe("TIMED_OUT");
});

test("when the watcher has gone, nothing is kept for it", async () => {
  const { news, sent, pass, served, close } = watching();
  expect(news.followers).toBe(1);
  close();
  await served;
  expect(news.followers).toBe(0);
  tell(news, 5);
  pass(3_000);
  expect(sent).toHaveLength(1);
});
