import { expect, test } from "vitest";
import { purgeImage } from "../../../../core/io/client/change.ts";
import type { ConnectionPool } from "../../../../core/io/connection-pool.ts";
import { fault, good } from "../../../../core/model/faults.ts";
import type { Message } from "../../../../core/model/messages.ts";
import { idOf } from "../../../support/records.ts";
import { FakeServers, lost, one, two } from "./fake-session.ts";

const id = idOf(1);
const notFound = fault("IMAGE_NOT_FOUND", { id });

test("an image that is not there cannot be purged", async () => {
  const servers = new FakeServers({ 1: () => notFound, 2: () => notFound });
  expect(await purgeImage(servers.session, id)).toEqual({ ok: false, fault: notFound });
});

test("one that is gone after a server broke off is purged: that server has done it", async () => {
  const servers = new FakeServers({ 1: () => lost(one), 2: () => notFound });
  expect(await purgeImage(servers.session, id)).toEqual({ ok: true, value: undefined });
});

test("one that is gone after a server found no majority is purged: that server had begun", async () => {
  const few = fault("NO_QUORUM", { live: 1, needed: 2 });
  const servers = new FakeServers({ 1: () => few, 2: () => notFound });
  expect(await purgeImage(servers.session, id)).toEqual({ ok: true, value: undefined });
});

test("an image that is not there cannot be purged, also when a server is slow, busy or on a dead connection", async () => {
  const refused = { ok: false, fault: notFound };
  const slow = new FakeServers({ 1: () => null, 2: () => notFound });
  expect(await purgeImage(slow.session, id)).toEqual(refused);
  expect(slow.called).toEqual([one, two]);
  const busy = new FakeServers({ 1: () => fault("BUSY", { what: "it" }), 2: () => notFound });
  expect(await purgeImage(busy.session, id)).toEqual(refused);

  let asked = 0;
  const died = new FakeServers({ 1: () => (++asked === 1 ? lost(one) : notFound) });
  const pool: ConnectionPool = {
    ...died.session.pool,
    borrow: async (server) => {
      const borrowed = await died.session.pool.borrow(server);
      return borrowed.ok ? good({ ...borrowed.value, fresh: asked > 0 }) : borrowed;
    },
  };
  expect(await purgeImage({ ...died.session, pool }, id)).toEqual(refused);
  expect(asked).toBe(2);
});

test("a server that does what it is asked is believed", async () => {
  const changed = (): Message => ({ kind: "changed", id });
  expect((await purgeImage(new FakeServers({ 1: changed }).session, id)).ok).toBe(true);
});
