import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askWhatIsKnown, tellServers } from "../../../core/io/client/revoke.ts";
import { openSession, type Session } from "../../../core/io/client/session.ts";
import { findUser } from "../../../core/io/client/share.ts";
import { systemClock, wallNow } from "../../../core/io/clock.ts";
import type { Connection } from "../../../core/io/connection.ts";
import { nodeFolderOf } from "../../../core/io/node-lock.ts";
import { makeAuthority } from "../../../core/io/pki/authority.ts";
import { type Credentials, loadCredentials } from "../../../core/io/pki/credentials.ts";
import { loadAuthority } from "../../../core/io/pki/keep.ts";
import { givenAt } from "../../../core/io/pki/ledger.ts";
import { operatorCredentials } from "../../../core/io/pki/places.ts";
import { type SignedList, signRevocations } from "../../../core/io/pki/revocation-list.ts";
import { type Revoked, revokeUser } from "../../../core/io/pki/revoke.ts";
import { addUser } from "../../../core/io/pki/users.ts";
import { type NodeId, nodeId, userNameOf } from "../../../core/model/ids.ts";
import type { Message } from "../../../core/model/messages.ts";
import { pictureOfBytes } from "../../support/pictures.ts";
import { until } from "../../support/until.ts";
import {
  assignedTo,
  gatedSource,
  memorySource,
  must,
  requestFor,
  startCluster,
  type TestCluster,
  type TestUser,
} from "./cluster.ts";

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)] as const;
let cluster: TestCluster;
let session: Session;
let picture: { readonly bytes: Uint8Array };

beforeAll(async () => {
  cluster = await startCluster(3);
  const operator = must(loadCredentials(operatorCredentials(cluster.data), wallNow()));
  session = openSession(cluster.config, operator, systemClock());
  picture = await pictureOfBytes("image/png", 900_000);
});
afterAll(async () => {
  session.pool.close();
  await cluster.close();
});

/** What `user revoke NAME` does; the list, and which nodes were told. */
const revoke = async (word: string): Promise<Revoked & { readonly told: readonly NodeId[] }> => {
  const name = userNameOf(word);
  const { lists, madeAt } = await askWhatIsKnown(session, name);
  const known = { lists, madeAt: [...madeAt, ...givenAt(cluster.data, name)] };
  const authority = must(loadAuthority(cluster.data, wallNow()));
  const revoked = must(revokeUser(cluster.data, authority, name, known, wallNow()));
  const told = await tellServers(session, revoked.list);
  return { ...revoked, told: told.flatMap(({ server, answer }) => (answer.ok ? [server] : [])) };
};
/** The CA lies elsewhere, as far as nodes that are started can see. */
const hideCa = (): void => rmSync(join(cluster.data, "pki", "revocations"), { recursive: true });

const heardOn = async (connection: Connection): Promise<Message | null> => {
  const incoming = await connection.receive({ withinMs: 20_000 });
  return incoming.kind === "message" ? incoming.message : null;
};
/** How the door answers these credentials. */
const dial = async (node: NodeId, credentials: Credentials): Promise<string> => {
  const own = openSession(cluster.config, credentials, systemClock());
  const borrowed = await own.pool.borrow(node);
  own.pool.close();
  return borrowed.ok ? "in" : borrowed.fault.code;
};
const listOn = async (node: NodeId): Promise<number> => {
  const list = await ask(
    node,
    { kind: "revocations", digest: 0 },
    cluster.nodeCredentials(node === one ? two : one),
  );
  if (list?.kind !== "revocations.known") throw new Error(`${list?.kind} came`);
  return list.list === null ? 0 : Number(/number (\d+)/.exec(Buffer.from(list.list).toString())?.[1]);
};
const ask = async (node: NodeId, message: Message, credentials: Credentials): Promise<Message | null> => {
  const connection = await cluster.connect(node, credentials);
  try {
    await connection.send(message);
    return await heardOn(connection);
  } finally {
    connection.destroy(null);
  }
};
const learnedFrom = (node: NodeId, { number }: SignedList): string | undefined =>
  cluster.events
    .flatMap(({ node: who, event }) =>
      who === node && event.kind === "users.revoked" && event.number === number ? [event.by] : [],
    )
    .at(-1);

describe("a user who is in when she is revoked", () => {
  test("hears why, in the middle of an upload and at rest, and is let in nowhere any more", async () => {
    const bob: TestUser = await cluster.user("bob");
    const client = await cluster.client("bob");
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const sent = Promise.withResolvers<void>();
    const half = gatedSource("half.png", picture.bytes, gate);
    const uploading = client.upload(half, cluster.data, {
      onProgress: (bytes) => bytes >= picture.bytes.length / 2 && sent.resolve(),
    });
    const resting = await cluster.connect(one, bob.credentials);
    await sent.promise;

    const { told } = await revoke("bob");
    expect(told).toEqual([one, two, three]);
    const reason = { code: "CREDENTIALS_REVOKED", name: "bob" };
    expect(await uploading).toMatchObject({ ok: false, fault: reason });
    expect(await heardOn(resting)).toMatchObject({
      kind: "refused",
      code: reason.code,
      detail: { name: "bob" },
    });
    await expect(resting.receive({ withinMs: 20_000 })).rejects.toMatchObject({
      fault: { code: "CONNECTION_LOST" },
    });
    for (const node of cluster.nodes) expect(await dial(node, bob.credentials)).toBe(reason.code);
    // What the client has waiting in its pool is of no use either, and it says so whatever it tries.
    for await (const listed of client.list()) expect(listed).toMatchObject({ ok: false, fault: reason });
    expect(await client.upload(memorySource("a.png", picture.bytes), cluster.data, {})).toMatchObject({
      fault: reason,
    });
    open();
    const rejected = cluster.events.flatMap(({ event }) =>
      event.kind === "peer.rejected" ? [event.fault] : [],
    );
    expect(rejected).toContainEqual(expect.objectContaining(reason));
  });

  test("hears it also while she only sends, and while a body comes to her", async () => {
    const carol = await cluster.user("carol");
    const sender = await cluster.connect(two, carol.credentials);
    const request = await requestFor(carol, picture.bytes, { assignment: assignedTo(two) });
    await sender.send(request);
    await sender.sendChunk(new Uint8Array(picture.bytes.subarray(0, 65_536)));
    expect(await heardOn(sender)).toMatchObject({ kind: "upload.accepted" });
    await revoke("carol");
    for (;;) {
      const incoming = await sender.receive({ withinMs: 20_000 });
      if (incoming.kind === "chunk") continue;
      expect(incoming.message).toMatchObject({ kind: "refused", code: "CREDENTIALS_REVOKED" });
      break;
    }
    sender.destroy(null);
  });

  test("comes in again with a certificate that was made after that, even in the same second", async () => {
    const dora = await cluster.user("dora");
    await revoke("dora");
    const again = must(await addUser(cluster.data, userNameOf("dora"), wallNow()));
    for (const node of cluster.nodes) {
      expect(await dial(node, dora.credentials)).toBe("CREDENTIALS_REVOKED");
      expect(await dial(node, again.credentials)).toBe("in");
    }
  });
});

describe("nobody seals to a revoked user", () => {
  test("until she has come with a later certificate", async () => {
    await cluster.client("erin").then((erin) => erin.status());
    const alice = await cluster.user("alice");
    const asker = openSession(cluster.config, alice.credentials, systemClock());
    const erin = userNameOf("erin");
    const found = async () => findUser(asker, erin);
    await until(async () => ((await found()).ok ? true : null));
    await revoke("erin");
    expect(await found()).toMatchObject({
      fault: { code: "USER_DOUBTFUL", reason: expect.stringContaining("was revoked on") },
    });
    const again = must(await addUser(cluster.data, erin, wallNow()));
    expect((await found()).ok).toBe(false);
    expect(await dial(two, again.credentials)).toBe("in");
    expect(await found()).toMatchObject({ ok: true, value: { recipient: again.recipient } });
    asker.pool.close();
  });
});

describe("a node that was not told", () => {
  test("learns it from the others when it is back, also without its disk, and has it after a restart", async () => {
    const frank = await cluster.user("frank");
    await cluster.stop(three);
    const { list, told } = await revoke("frank");
    expect(told).toEqual([one, two]);
    hideCa();
    await cluster.start(three);
    await until(async () => ((await listOn(three)) === list.number ? true : null));
    expect(learnedFrom(three, list)).toMatch(/^node [12]$/);
    expect(await dial(three, frank.credentials)).toBe("CREDENTIALS_REVOKED");

    await cluster.settled();
    await cluster.stop(three);
    await cluster.start(three);
    expect(await dial(three, frank.credentials)).toBe("CREDENTIALS_REVOKED");

    await cluster.settled();
    await cluster.stop(three);
    rmSync(nodeFolderOf(cluster.data, three), { recursive: true });
    await cluster.start(three);
    await until(async () => ((await listOn(three)) === list.number ? true : null));
    expect(await dial(three, frank.credentials)).toBe("CREDENTIALS_REVOKED");
    await cluster.settled();
  });

  test("a CA that has forgotten its lists learns them from the nodes", async () => {
    await cluster.user("grace");
    const { list: before } = await revoke("frank");
    hideCa();
    const { list } = await revoke("grace");
    expect(list.number).toBeGreaterThan(before.number);
    for (const name of ["bob", "carol", "frank", "grace"])
      expect(list.users.has(userNameOf(name))).toBe(true);
  });
});

describe("whoever is not the CA", () => {
  test("revokes nobody: a list is believed for its signature, and users may not bring any", async () => {
    const operator = must(loadCredentials(operatorCredentials(cluster.data), wallNow()));
    const number = await listOn(one);
    const forger = { ...(await makeAuthority(wallNow())), cluster: operator.peer.cluster };
    const forged = signRevocations(forger, number + 1, new Map([[userNameOf("alice"), wallNow()]]));
    const message = { kind: "revoke", list: forged.bytes } as const;
    expect(await ask(one, message, operator)).toMatchObject({ kind: "refused", code: "NOT_ALLOWED" });
    const alice = await cluster.user("alice");
    await expect(ask(one, message, alice.credentials)).rejects.toMatchObject({
      fault: { code: "CONNECTION_LOST" },
    });
    expect(await listOn(one)).toBe(number);
    expect(await dial(one, alice.credentials)).toBe("in");
  });
});
