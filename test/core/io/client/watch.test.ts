import { describe, expect, test } from "vitest";
import { watchServer } from "../../../../core/io/client/watch.ts";
import type { Message } from "../../../../core/model/messages.ts";
import { must } from "../cluster.ts";
import { FakeServers, snapshotOf, three } from "./fake-session.ts";

const says = (state: "up" | "down") => (): Message => snapshotOf(state, three);

/** A watch on server 3 by a client whose connection to it is `quietMs` quiet. */
const watching = async (scripts: ConstructorParameters<typeof FakeServers>[0], quietMs: number) => {
  const servers = new FakeServers(scripts);
  servers.quietMs = quietMs;
  const { connection } = must(await servers.session.pool.borrow(three));
  servers.called.length = 0;
  const watch = watchServer(servers.session, three);
  watch.follow(connection);
  return { servers, watch };
};

describe("a server on which something depends", () => {
  test("is given up when it is silent and the others do not hear it: what was sent to it is broken off", async () => {
    const { servers, watch } = await watching({ 1: says("down"), 2: says("down"), 3: () => null }, 1e6);
    expect(await watch.gone).toMatchObject({ code: "TIMED_OUT", peer: "node 3" });
    expect(servers.destroyed).toContain(three);
  });

  test("is given up also while it lets nobody in", async () => {
    const servers = new FakeServers({ 1: says("down"), 2: says("down"), 3: "never" });
    const watch = watchServer(servers.session, three);
    expect(await watch.gone).toMatchObject({ code: "TIMED_OUT" });
  });

  test("is asked about again while others still hear it", async () => {
    let answers = 0;
    const learns = (): Message => snapshotOf(answers++ === 0 ? "up" : "down", three);
    const { watch } = await watching({ 1: learns, 2: () => null, 3: () => null }, 1e6);
    expect(await watch.gone).toMatchObject({ code: "TIMED_OUT" });
    expect(answers).toBe(2);
  });

  test("is not asked about while something comes from it, and not after the watch has ended", async () => {
    const lively = await watching({ 1: says("down"), 2: says("down"), 3: () => null }, 0);
    const ended = await watching({ 1: says("down"), 2: says("down"), 3: () => null }, 1e6);
    ended.watch.stop();
    // As long as it takes to find out about one that is gone.
    await (await watching({ 1: says("down"), 2: says("down"), 3: () => null }, 1e6)).watch.gone;
    lively.watch.stop();
    expect(lively.servers.called).toEqual([]);
    expect(ended.servers.called).toEqual([]);
    expect(lively.servers.destroyed).toEqual([]);
  });
});
