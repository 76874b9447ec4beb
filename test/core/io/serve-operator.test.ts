/** Operators and real nodes: what they are shown, what they may do, and that nobody else may. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Followed, followServers } from "../../../core/io/client/follow.ts";
import { askMoveLead, askOperator } from "../../../core/io/client/operator.ts";
import { openSession, type Session } from "../../../core/io/client/session.ts";
import { systemClock, wallNow } from "../../../core/io/clock.ts";
import { type Credentials, loadCredentials } from "../../../core/io/pki/credentials.ts";
import { operatorCredentials } from "../../../core/io/pki/places.ts";
import type { Event } from "../../../core/model/events.ts";
import { nodeId } from "../../../core/model/ids.ts";
import { watchersMax } from "../../../core/model/limits.ts";
import type { Message } from "../../../core/model/messages.ts";
import { testFolder } from "../../support/folders.ts";
import { pictureOfBytes } from "../../support/pictures.ts";
import { until } from "../../support/until.ts";
import { memorySource, must, startCluster, type TestCluster } from "./cluster.ts";

let cluster: TestCluster;
let operator: Credentials;
const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)];

beforeAll(async () => {
  cluster = await startCluster(3);
  operator = must(loadCredentials(operatorCredentials(cluster.data), wallNow()));
});
afterAll(() => cluster.close());

const sessionOf = (credentials: Credentials): Session => {
  const session = openSession(cluster.config, credentials, systemClock());
  onTestFinished(() => session.pool.close());
  return session;
};
const follow = (session: Session): Followed[] => {
  const heard: Followed[] = [];
  onTestFinished(followServers(session, (news) => heard.push(news)));
  return heard;
};
const eventsOf = (heard: readonly Followed[]): readonly Event[] =>
  heard.flatMap((news) => (news.kind === "entries" ? news.entries.map((entry) => entry.event) : []));
const statesOf = (heard: readonly Followed[], server: number) =>
  heard.flatMap((news) => (news.kind === "state" && news.server === server ? [news.snapshot] : []));

test("a watcher is told what it missed, the state at once, and what happens then", async () => {
  const heard = follow(sessionOf(operator));
  await until(() => [1, 2, 3].every((server) => statesOf(heard, server).length > 0));
  expect(eventsOf(heard).map(({ kind }) => kind)).toContain("node.started");
  const client = await cluster.client("alice");
  const { bytes } = await pictureOfBytes("image/png", 5_000, 3);
  must(await client.upload(memorySource("a.png", bytes), testFolder(), {}));
  await until(() => eventsOf(heard).some(({ kind }) => kind === "image.stored"));
  await until(() =>
    statesOf(heard, 1)
      .at(-1)
      ?.nodes.some((node) => (node.uploadsPerSecond ?? 0) > 0),
  );
  const busy = statesOf(heard, 1)
    .at(-1)
    ?.nodes.find((node) => (node.uploadsPerSecond ?? 0) > 0);
  expect(busy?.uploadMsP50).toBeGreaterThan(0);
  expect(busy?.uploadMsP99).toBe(busy?.uploadMsP50);
});

test("the lead goes to the named node, whoever is asked, and the log says who wanted it", async () => {
  const session = sessionOf(operator);
  const from = cluster.events.length;
  const since = (): readonly Event[] => cluster.events.slice(from).map(({ event }) => event);
  // On a busy machine the wished one may be unfit for a moment, or the lead move by itself.
  const to = await until(async () => {
    const before = await cluster.settled();
    const [other = one, asked = two] = [one, two, three].filter((id) => id !== before);
    const moved = await askMoveLead(session, asked, other);
    return moved.ok ? other : null;
  });
  // It may be handed back soon: a higher node is steady.
  await until(() => since().some((event) => event.kind === "leader.elected" && event.leader === to));
  expect(since()).toContainEqual({ kind: "lead.moved", to, by: "operator" });
  const now = await cluster.settled();
  const other = [one, two, three].find((id) => id !== now) ?? one;
  expect(await askOperator(session, other, { kind: "move-lead", to: other })).toMatchObject({
    ok: false,
    fault: { code: "NOT_LEADER" },
  });
});

test("a drained node says so to everybody, is given no images, and stays drained when it is started again", async () => {
  const session = sessionOf(operator);
  const heard = follow(session);
  must(await askOperator(session, one, { kind: "drain", drained: true }));
  await until(() => statesOf(heard, 3).at(-1)?.nodes[0]?.drained);
  const client = await cluster.client("alice");
  // While nobody leads, clients choose for themselves and do not know who is drained.
  for (let given = 0, turn = 0; given < 4; turn++) {
    const { bytes } = await pictureOfBytes("image/png", 3_000, 10 + turn);
    const { receipt } = must(await client.upload(memorySource(`${turn}.png`, bytes), testFolder(), {}));
    if (receipt.assignedBy === "fallback") continue;
    expect(receipt.node).not.toBe(1);
    given++;
  }
  await cluster.stop(one);
  await until(() => heard.some((news) => news.kind === "link" && news.server === 1 && news.fault !== null));
  await cluster.start(one);
  await until(
    () =>
      statesOf(heard, 1).at(-1)?.nodes[0]?.drained === true && statesOf(heard, 3).at(-1)?.quorum.live === 3,
  );
  must(await askOperator(session, one, { kind: "drain", drained: false }));
  await until(() => statesOf(heard, 3).at(-1)?.nodes[0]?.drained === false);
  expect(eventsOf(heard)).toContainEqual({ kind: "node.undrained", by: "operator" });
});

test("the background check of a disk runs when an operator wants it, and waits when one wants that", async () => {
  const session = sessionOf(operator);
  const heard = follow(session);
  const client = await cluster.client("alice");
  const { bytes } = await pictureOfBytes("image/png", 3_000, 30);
  must(await client.upload(memorySource("checked.png", bytes), testFolder(), {}));
  const scrubOfTwo = () => statesOf(heard, 2).at(-1)?.nodes[1]?.scrub;
  await until(() => scrubOfTwo() != null);
  must(await askOperator(session, two, { kind: "scrub", action: "start" }));
  must(await askOperator(session, two, { kind: "scrub", action: "pause" }));
  await until(() => scrubOfTwo()?.state === "paused");
  must(await askOperator(session, two, { kind: "scrub", action: "start" }));
  await until(() => scrubOfTwo()?.state === "idle" && (scrubOfTwo()?.checked ?? 0) > 0);
  await until(() => eventsOf(heard).some(({ kind }) => kind === "scrub.ended"));
  expect(eventsOf(heard)).toContainEqual({ kind: "scrub.begun", by: "operator" });
  expect(eventsOf(heard)).toContainEqual({ kind: "scrub.paused", by: "operator" });
});

test("a connection that broke goes on where it was: nothing twice, nothing lost", async () => {
  const heard = follow(sessionOf(operator));
  await until(() => statesOf(heard, 2).length > 0);
  const numbersOf = () =>
    heard.flatMap((news) =>
      news.kind === "entries" && news.server === 2 ? news.entries.map(({ number }) => number) : [],
    );
  cluster.cutNetwork(two, true);
  await until(() => heard.some((news) => news.kind === "link" && news.server === 2 && news.fault !== null));
  await until(() => cluster.events.some(({ node, event }) => node === 2 && event.kind === "quorum.lost"));
  cluster.cutNetwork(two, false);
  await until(() => eventsOf(heard).some(({ kind }) => kind === "quorum.lost"));
  await cluster.settled();
  const numbers = numbersOf();
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
});

test("a pulled cable isolates a node: the others call it down, and it knows that it is alone", async () => {
  cluster.cutNetwork(one, true);
  await until(() => cluster.snapshotOf(three).nodes[0]?.state === "down");
  await until(() => cluster.snapshotOf(one).quorum.live === 1);
  cluster.cutNetwork(one, false);
  await cluster.settled();
  expect(cluster.snapshotOf(one).quorum.live).toBe(3);
});

test("users and nodes may neither watch nor act, and are cut; they are shown the state all the same", async () => {
  const { credentials } = await cluster.user("alice");
  for (const who of [credentials, cluster.nodeCredentials(two)])
    for (const wish of [
      { kind: "watch", boot: null, after: 0 },
      { kind: "drain", drained: true },
      { kind: "move-lead", to: null },
    ] as const) {
      const connection = await cluster.connect(one, who);
      await connection.send(wish);
      await expect(connection.receive({ withinMs: 5_000 })).rejects.toMatchObject({
        fault: { code: "CONNECTION_LOST" },
      });
    }
  const heard = follow(sessionOf(credentials));
  await until(() => [1, 2, 3].every((server) => statesOf(heard, server).length > 0));
  expect(eventsOf(heard)).toEqual([]);
});

test("more watchers than a node bears are told so", async () => {
  const watch: Message = { kind: "watch", boot: null, after: 0 };
  const connections = [];
  for (let turn = 0; turn <= watchersMax; turn++) {
    const connection = await cluster.connect(one, operator);
    connections.push(connection);
    await connection.send(watch);
    const first = await connection.receive({ withinMs: 5_000 });
    const got = first.kind === "message" ? first.message.kind : first.kind;
    expect(got).toBe(turn < watchersMax ? "watch.news" : "refused");
  }
  for (const connection of connections) connection.destroy(null);
});
