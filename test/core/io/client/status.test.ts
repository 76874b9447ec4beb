import { describe, expect, test } from "vitest";
import { askStatus } from "../../../../core/io/client/status.ts";
import { FakeServers, lost, one, snapshotOf, three, two } from "./fake-session.ts";

describe("the state of the cluster", () => {
  test("is told although one server is frozen", async () => {
    const servers = new FakeServers({ 1: "never", 2: () => snapshotOf("down"), 3: () => null });
    expect(await askStatus(servers.session)).toMatchObject({ ok: true, value: { observer: two } });
    expect(servers.called).toEqual([one, two, three]);
  });

  test("is told by the server that leads, whoever answers first", async () => {
    const follower = snapshotOf("up");
    const leads = { ...follower, snapshot: { ...follower.snapshot, observer: three, leader: three } };
    const servers = new FakeServers({ 1: () => follower, 2: () => follower, 3: () => leads });
    expect(await askStatus(servers.session)).toMatchObject({ ok: true, value: { observer: three } });
  });

  test("is not known when no server can be reached: each is named", async () => {
    const servers = new FakeServers({ 1: lost(one), 2: lost(two), 3: lost(three) });
    const answer = await askStatus(servers.session);
    expect(answer).toMatchObject({ ok: false, fault: { code: "NO_SERVER" } });
  });
});
