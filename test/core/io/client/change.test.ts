import { expect, test } from "vitest";
import { purgeImage } from "../../../../core/io/client/change.ts";
import { fault } from "../../../../core/model/faults.ts";
import type { Message } from "../../../../core/model/messages.ts";
import { idOf } from "../../../support/records.ts";
import { FakeServers, lost, one } from "./fake-session.ts";

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

test("a server that does what it is asked is believed", async () => {
  const changed = (): Message => ({ kind: "changed", id });
  expect((await purgeImage(new FakeServers({ 1: changed }).session, id)).ok).toBe(true);
});
