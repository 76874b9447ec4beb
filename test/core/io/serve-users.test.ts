import { describe, expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { createDirectory, type Directory } from "../../../core/io/directory.ts";
import { createDoorkeeper, type Doorkeeper } from "../../../core/io/doorkeeper.ts";
import type { SignedList } from "../../../core/io/pki/revocation-list.ts";
import { learnRevocations, serveRevocations } from "../../../core/io/serve-revocations.ts";
import { keepAcquainted, learnFrom, serveUser, serveUsers } from "../../../core/io/serve-users.ts";
import { fault, good } from "../../../core/model/faults.ts";
import { clusterId, type NodeId, nodeId, userNameOf } from "../../../core/model/ids.ts";
import type { Message, Reply, Request } from "../../../core/model/messages.ts";
import { wallMs } from "../../../core/model/units.ts";
import { ManualClock, turn } from "../../support/manual-clock.ts";
import { type FakeNode, fakeNodes } from "./fakes.ts";

const card = (name: string, madeAt = 1): Uint8Array => Buffer.from(`${madeAt} ${name}`);
const directoryOf = (...cards: readonly Uint8Array[]): Directory =>
  createDirectory({
    judge: (certificate) => {
      const [madeAt = "", name = ""] = Buffer.from(certificate).toString().split(" ");
      return name === "forged" ? null : { name: userNameOf(name), madeAt: wallMs(Number(madeAt)) };
    },
    save: () => good(undefined),
    remove: () => undefined,
    kept: cards,
  });

/** Who has the list of that number, which names nobody; 0 for none. Its bytes are the number. */
const doorkeeperOf = (number: number): Doorkeeper => {
  const read = ([number = 0]: Uint8Array): SignedList => ({
    cluster: clusterId("0".repeat(32)),
    number,
    users: new Map(),
    bytes: new Uint8Array([number]),
    digest: number,
  });
  return createDoorkeeper({
    read: (bytes) => (bytes[0] === forgedNumber ? null : read(bytes)),
    save: () => good(undefined),
    kept: number === 0 ? null : read(new Uint8Array([number])),
    log: () => undefined,
    onNews: () => undefined,
  });
};
const forgedNumber = 255;

/** Nodes that answer the questions about users from the directories and lists that they are given. */
const townOf = (directories: readonly Directory[], doorkeepers: readonly Doorkeeper[] = []) => {
  const clock = new ManualClock();
  const nodes = fakeNodes(directories.length, clock);
  for (const [at, directory] of directories.entries()) {
    const node = nodes.get(nodeId(at + 1));
    if (node !== undefined) node.answer = (request) => answerFrom(directory, request, doorkeepers[at]);
  }
  const node = (which: number): FakeNode => {
    const found = nodes.get(nodeId(which));
    if (found === undefined) throw new Error(`no node ${which}`);
    return found;
  };
  return { clock, node };
};

const answerFrom = async (
  directory: Directory,
  request: Request,
  doorkeeper = doorkeeperOf(0),
): Promise<Reply | null> => {
  let reply: Message | null = null;
  const connection = {
    send: async (message: Message) => {
      reply = message;
    },
  } as Pick<Connection, "send"> as Connection;
  if (request.kind === "user") await serveUser(directory, connection, request);
  else if (request.kind === "users") await serveUsers(directory, connection, request);
  else if (request.kind === "revocations") await serveRevocations(doorkeeper, connection, request);
  return reply;
};

const learn = (town: ReturnType<typeof townOf>, directory: Directory, peer: NodeId = nodeId(2)) =>
  learnFrom(town.node(1).context, directory, peer);

describe("nodes learn whom the others have met", () => {
  test("those who are unknown here, and who has a newer certificate; nothing else is asked for", async () => {
    const own = directoryOf(card("alice"), card("bob", 1), card("carol", 2));
    const other = directoryOf(card("alice"), card("bob", 5), card("carol", 1), card("dave"));
    const town = townOf([own, other]);
    expect((await learn(town, own)).ok).toBe(true);
    expect(own.find(userNameOf("bob"))).toEqual(card("bob", 5));
    expect(own.find(userNameOf("carol"))).toEqual(card("carol", 2));
    expect(own.find(userNameOf("dave"))).toEqual(card("dave"));
    const asked = town.node(2).asked.flatMap((request) => (request.kind === "user" ? [request.name] : []));
    expect(asked).toEqual(["bob", "carol", "dave"]);
    // The other learns the rest from here; then there is nothing more to tell.
    expect((await learnFrom(town.node(2).context, other, nodeId(1))).ok).toBe(true);
    expect(other.digest).toBe(own.digest);
    town.node(2).asked.length = 0;
    await learn(town, own);
    expect(town.node(2).asked.map(({ kind }) => kind)).toEqual(["users"]);
  });

  test("page by page, when there are many", async () => {
    const names = Array.from({ length: 4_100 }, (_, n) => `user${String(n).padStart(5, "0")}`);
    const own = directoryOf();
    const other = directoryOf(...names.map((name) => card(name)));
    const town = townOf([own, other]);
    expect((await learn(town, own)).ok).toBe(true);
    expect(own.digest).toBe(other.digest);
    expect(town.node(2).asked.filter(({ kind }) => kind === "users")).toHaveLength(3);
  });

  test("and pass over what does not prove itself, or is gone when it is asked for", async () => {
    const own = directoryOf();
    const town = townOf([own, directoryOf()]);
    town.node(2).answer = (request) => {
      if (request.kind === "users") {
        const users = ["bob", "carol", "dave"].map((name) => ({ name: userNameOf(name), digest: 7 }));
        return { kind: "users.page", users, more: false };
      }
      if (request.kind !== "user") return null;
      if (request.name === "carol")
        return { kind: "refused", code: "USER_NOT_FOUND", detail: { name: "carol" } };
      return { kind: "user.found", certificate: card(request.name === "bob" ? "forged" : "dave") };
    };
    expect((await learn(town, own)).ok).toBe(true);
    expect(own.page(null, 10).users.map(({ name }) => name)).toEqual(["dave"]);
  });

  test("from one after the other, for as long as they live", async () => {
    const directories = [directoryOf(), directoryOf(card("bob")), directoryOf(card("carol"))];
    const [own = directoryOf()] = directories;
    const town = townOf(directories);
    const doorkeeper = doorkeeperOf(0);
    const stop = keepAcquainted(town.node(1).context, { directory: own, doorkeeper });
    const pass = async (ms = 2_000): Promise<void> => {
      await town.clock.pass(ms);
      for (let turns = 0; turns < 20; turns++) await turn();
    };
    town.node(2).live = false;
    // The first answer is not waited for as long as the others.
    await pass(250);
    expect(own.page(null, 10).users.map(({ name }) => name)).toEqual(["carol"]);
    town.node(2).live = true;
    await pass();
    await pass();
    expect(own.page(null, 10).users.map(({ name }) => name)).toEqual(["bob", "carol"]);
    town.node(2).answer = () => fault("CONNECTION_LOST", { peer: "node 2", reason: "it was cut" });
    await pass();
    await pass();
    stop();
    const { length } = [...town.node(2).asked, ...town.node(3).asked];
    await pass();
    expect([...town.node(2).asked, ...town.node(3).asked]).toHaveLength(length);
  });
});

describe("nodes learn who is revoked", () => {
  test("from whoever has a newer list; an older one changes nothing, and what is known is not sent", async () => {
    const [own, other] = [doorkeeperOf(2), doorkeeperOf(3)];
    const town = townOf([directoryOf(), directoryOf()], [own, other]);
    expect((await learnRevocations(town.node(2).context, other, nodeId(1))).ok).toBe(true);
    expect(other.list?.number).toBe(3);
    expect((await learnRevocations(town.node(1).context, own, nodeId(2))).ok).toBe(true);
    expect(own.list?.number).toBe(3);
    expect(await answerFrom(directoryOf(), { kind: "revocations", digest: own.digest }, other)).toEqual({
      kind: "revocations.known",
      list: null,
    });
    expect(await answerFrom(directoryOf(), { kind: "revocations", digest: 0 }, doorkeeperOf(0))).toEqual({
      kind: "revocations.known",
      list: null,
    });
  });

  test("and believe nobody about it but the CA", async () => {
    const own = doorkeeperOf(2);
    const town = townOf([directoryOf(), directoryOf()]);
    town.node(2).answer = () => ({ kind: "revocations.known", list: new Uint8Array([forgedNumber]) });
    await learnRevocations(town.node(1).context, own, nodeId(2));
    expect(own.list?.number).toBe(2);
  });
});

test("somebody who never came is not found", async () => {
  expect(await answerFrom(directoryOf(), { kind: "user", name: userNameOf("bob") })).toMatchObject({
    kind: "refused",
    code: "USER_NOT_FOUND",
    detail: { name: "bob" },
  });
});
