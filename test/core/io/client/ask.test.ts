import { describe, expect, test } from "vitest";
import { askRules } from "../../../../core/decide/patience.ts";
import { askAndTake, askAny } from "../../../../core/io/client/ask.ts";
import { interruptible } from "../../../../core/io/client/interrupt.ts";
import type { Connection } from "../../../../core/io/connection.ts";
import { replyFrom } from "../../../../core/io/exchange.ts";
import { FaultError, fault } from "../../../../core/model/faults.ts";
import type { Message } from "../../../../core/model/messages.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { idOf } from "../../../support/records.ts";
import { FakeServers, lost, one, snapshotOf, three, two } from "./fake-session.ts";

const found = (n: number) => (): Message => ({ kind: "found", ids: [idOf(n)] });
const silent = () => null;
const find = async (connection: Connection) => {
  await connection.send({ kind: "find", part: "0" });
  return (await replyFrom(connection, ["found"])).ids;
};
const notFound = fault("IMAGE_NOT_FOUND", { id: idOf(1) });

describe("asking any server", () => {
  test("takes the first one's answer, and asks that one first the next time", async () => {
    const servers = new FakeServers({ 1: lost(one), 2: found(2), 3: found(3) });
    expect(await askAny(servers.session, find)).toEqual({ ok: true, value: [idOf(2)] });
    expect(await askAny(servers.session, find)).toEqual({ ok: true, value: [idOf(2)] });
    expect(servers.called).toEqual([one, two, two]);
    expect(servers.returned).toEqual([two, two]);
  });

  test("does not wait for a server that lets nobody in, nor for one that lets in and is silent", async () => {
    const servers = new FakeServers({ 1: "never", 2: silent, 3: found(3) });
    expect(await askAny(servers.session, find)).toEqual({ ok: true, value: [idOf(3)] });
    expect(servers.called).toEqual([one, two, three]);
    expect(new Set(servers.destroyed)).toEqual(new Set([two]));
    expect(await askAny(servers.session, find)).toEqual({ ok: true, value: [idOf(3)] });
    expect(servers.called.slice(3)).toEqual([three]);
  });

  test("ends with what every server would say, without asking every server", async () => {
    const servers = new FakeServers({ 1: () => notFound, 2: found(2), 3: found(3) });
    expect(await askAny(servers.session, find)).toEqual({ ok: false, fault: notFound });
    expect(servers.called).toEqual([one]);
  });

  test("says of each server why not, when none answers", async () => {
    const servers = new FakeServers({ 1: lost(one), 2: lost(two), 3: lost(three) });
    const answer = await askAny(servers.session, find);
    expect(answer).toMatchObject({ ok: false, fault: { code: "NO_SERVER" } });
    expect(!answer.ok && answer.fault.code === "NO_SERVER" && answer.fault.tried).toHaveLength(3);
  });
});

describe("servers that are just finding each other", () => {
  const noQuorum = fault("NO_QUORUM", { live: 1, needed: 2 });

  test("are all asked again until one can answer", async () => {
    let asked = 0;
    const clock = new ManualClock();
    const again = () => (++asked < 3 ? noQuorum : found(2)());
    const servers = new FakeServers({ 1: lost(one), 2: again, 3: lost(three) }, clock);
    const answer = askAny(servers.session, find);
    await clock.pass(askRules.patienceMs);
    expect(await answer).toEqual({ ok: true, value: [idOf(2)] });
    expect(servers.called).toEqual([one, two, three, one, two, three, one, two]);
  });

  test("are given up in the end, with what one of them said rather than that others are gone", async () => {
    const clock = new ManualClock();
    const servers = new FakeServers({ 1: lost(one), 2: () => noQuorum, 3: lost(three) }, clock);
    const answer = askAny(servers.session, find);
    await clock.pass(askRules.patienceMs + askRules.pauseMsMax);
    expect(await answer).toEqual({ ok: false, fault: noQuorum });
    expect(clock.dueAt).toBeNull();
  });

  test("are asked no more when the person has enough", async () => {
    const clock = new ManualClock();
    const interrupt = new AbortController();
    const { session, called } = new FakeServers({ 1: () => noQuorum }, clock);
    const answer = askAny(interruptible(session, interrupt.signal), find);
    await clock.pass(askRules.pauseMsMin / 2);
    interrupt.abort();
    expect(await answer).toEqual({ ok: false, fault: fault("INTERRUPTED", {}) });
    expect(called).toEqual([one]);
    expect(clock.dueAt).toBeNull();
  });
});

describe("what follows the first answer", () => {
  const take = async (connection: Connection): Promise<number> => {
    const incoming = await connection.receive();
    if (incoming.kind !== "chunk") throw new FaultError(fault("PROTOCOL_VIOLATION", { reason: "no chunk" }));
    return incoming.bytes.length;
  };
  const withBody =
    (bytes: number) =>
    (_: Message, frame: number): Message | Uint8Array =>
      frame === 0 ? found(1)() : new Uint8Array(bytes);

  test("comes from one server, and from the next when that one breaks off", async () => {
    const broken = (_: Message, frame: number) => (frame === 0 ? found(1)() : lost(one));
    const servers = new FakeServers({ 1: broken, 2: withBody(7), 3: withBody(9) });
    expect(await askAndTake(servers.session, find, take)).toEqual({ ok: true, value: 7 });
    expect(servers.called).toEqual([one, two]);
    expect(servers.destroyed).toEqual([one]);
  });

  test("comes from the next server when that one freezes in the middle", async () => {
    const snapshot = snapshotOf("down");
    const frozen = (request: Message, frame: number) =>
      request.kind === "find" && frame === 0 ? found(1)() : null;
    const tells =
      (bytes: number) =>
      (request: Message, frame: number): Message | Uint8Array =>
        request.kind === "status" ? snapshot : withBody(bytes)(request, frame);
    const servers = new FakeServers({ 1: frozen, 2: tells(7), 3: tells(9) });
    servers.quietMs = Number.POSITIVE_INFINITY;
    expect(await askAndTake(servers.session, find, take)).toEqual({ ok: true, value: 7 });
  });
});
