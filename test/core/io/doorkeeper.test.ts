import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { createDoorkeeper, type DoorkeeperParts, openDoorkeeper } from "../../../core/io/doorkeeper.ts";
import { setAside } from "../../../core/io/node-data.ts";
import { makeAuthority } from "../../../core/io/pki/authority.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { clockSkewMs } from "../../../core/io/pki/lifetimes.ts";
import { readRevocations, signRevocations } from "../../../core/io/pki/revocation-list.ts";
import { revokeUser } from "../../../core/io/pki/revoke.ts";
import type { Event } from "../../../core/model/events.ts";
import { bad, type Fault, fault, good } from "../../../core/model/faults.ts";
import { storeId, userNameOf } from "../../../core/model/ids.ts";
import type { Message, Peer } from "../../../core/model/messages.ts";
import { type WallMs, wallMs } from "../../../core/model/units.ts";
import { testFolder } from "../../support/folders.ts";
import { dataFolder, noon } from "./pki/fixtures.ts";

const authority = await makeAuthority(noon);
const { cluster } = authority;
const [alice, bob] = [userNameOf("alice"), userNameOf("bob")];
const at = (seconds: number): WallMs => wallMs(noon + seconds * 1_000);
const listOf = (number: number, until: Readonly<Record<string, WallMs>>) =>
  signRevocations(
    authority,
    number,
    new Map(Object.entries(until).map(([name, at]) => [userNameOf(name), at])),
  );

const doorkeeperOf = (changes: Partial<DoorkeeperParts> = {}) => {
  const events: Event[] = [];
  const news: number[] = [];
  const doorkeeper = createDoorkeeper({
    read: (bytes) => readRevocations(bytes, authority.certificatePem),
    save: () => good(undefined),
    kept: null,
    log: (event) => events.push(event),
    onNews: () => news.push(1),
    ...changes,
  });
  return { doorkeeper, events, news };
};
const user = (name: string): Peer => ({ role: "user", cluster, name: userNameOf(name), recipient: "age1" });
const certificate = (madeAt: WallMs) => ({ validFromDate: new Date(madeAt - clockSkewMs) });

/** What somebody hears who is in. */
const guest = (peer: Peer) => {
  const heard: Message[] = [];
  const closed = Promise.withResolvers<Fault | null>();
  const connection: Pick<Connection, "peer" | "closed" | "dismiss"> = {
    peer,
    closed: closed.promise,
    dismiss: (message) => heard.push(message),
  };
  return { connection: connection as Connection, heard, leave: () => closed.resolve(null) };
};

describe("at the door", () => {
  test("whoever is on the list is refused by name and day, with whatever certificate of then or before", () => {
    const { doorkeeper } = doorkeeperOf({ kept: listOf(1, { alice: at(10) }) });
    for (const madeAt of [noon, at(10)])
      expect(doorkeeper.refusal(user("alice"), certificate(madeAt))).toEqual(
        fault("CREDENTIALS_REVOKED", { name: "alice", since: "2026-11-22", command: null }),
      );
    expect(doorkeeper.refusal(user("alice"), certificate(at(11)))).toBeNull();
    expect(doorkeeper.refusal(user("bob"), certificate(noon))).toBeNull();
    expect(doorkeeper.refusal({ role: "operator", cluster, name: alice }, certificate(noon))).toBeNull();
    expect(doorkeeper.isRevoked(alice, noon)).toBe(true);
    expect(doorkeeper.isRevoked(bob, noon)).toBe(false);
  });

  test("whoever is in when a list comes that names her is told and cut, and nobody else", () => {
    const { doorkeeper, events } = doorkeeperOf();
    const [old, anew, other, gone] = [
      guest(user("alice")),
      guest(user("alice")),
      guest(user("bob")),
      guest(user("alice")),
    ];
    doorkeeper.admit(old.connection, certificate(noon));
    doorkeeper.admit(anew.connection, certificate(at(20)));
    doorkeeper.admit(other.connection, certificate(noon));
    const list = listOf(1, { alice: at(10) });
    expect(doorkeeper.take(list.bytes, "operator ops").ok).toBe(true);
    expect(old.heard).toMatchObject([
      { kind: "refused", code: "CREDENTIALS_REVOKED", detail: { name: "alice" } },
    ]);
    expect([anew.heard, other.heard]).toEqual([[], []]);
    expect(events).toEqual([{ kind: "users.revoked", number: 1, users: 1, closed: 1, by: "operator ops" }]);
    // Between the door and here the list has come.
    doorkeeper.admit(gone.connection, certificate(noon));
    expect(gone.heard).toHaveLength(1);
  });

  test("whoever has left is not told again", async () => {
    const { doorkeeper } = doorkeeperOf();
    const left = guest(user("alice"));
    doorkeeper.admit(left.connection, certificate(noon));
    left.leave();
    await left.connection.closed;
    await Promise.resolve();
    doorkeeper.take(listOf(1, { alice: at(10) }).bytes, "node 2");
    expect(left.heard).toEqual([]);
  });
});

describe("lists that are brought", () => {
  test("count when they are newer; the others change nothing", () => {
    const { doorkeeper, news, events } = doorkeeperOf({ kept: listOf(2, { alice: at(1) }) });
    expect(doorkeeper.take(listOf(1, {}).bytes, "node 2").ok).toBe(true);
    expect(doorkeeper.take(listOf(2, { alice: at(1) }).bytes, "node 2").ok).toBe(true);
    expect(doorkeeper.list?.users.get(alice)).toBe(at(1));
    const newer = listOf(3, { alice: at(1), bob: at(2) });
    doorkeeper.take(newer.bytes, "node 2");
    doorkeeper.take(newer.bytes, "node 3");
    expect(doorkeeper.digest).toBe(newer.digest);
    expect(news.length).toBe(events.length);
  });

  test("are nothing when the CA did not sign them", async () => {
    const { doorkeeper, events } = doorkeeperOf();
    const forger = { ...(await makeAuthority(noon)), cluster };
    for (const bytes of [
      signRevocations(forger, 9, new Map()).bytes,
      new Uint8Array(),
      Buffer.from("nonsense"),
    ])
      expect(doorkeeper.take(bytes, "node 2")).toMatchObject({ ok: false, fault: { code: "NOT_ALLOWED" } });
    expect([doorkeeper.list, doorkeeper.digest, events]).toEqual([null, 0, []]);
  });

  test("count also while the disk has no room, which is said, and are kept with the next that comes", () => {
    let full = true;
    const saved: number[] = [];
    const { doorkeeper } = doorkeeperOf({
      save: ({ number }) => {
        saved.push(number);
        return full ? bad(fault("DISK_FULL", { path: "p", freeBytes: 0 })) : good(undefined);
      },
    });
    const list = listOf(1, { alice: at(10) });
    expect(doorkeeper.take(list.bytes, "operator ops")).toMatchObject({ fault: { code: "DISK_FULL" } });
    expect(doorkeeper.isRevoked(alice, noon)).toBe(true);
    full = false;
    expect(doorkeeper.take(list.bytes, "operator ops").ok).toBe(true);
    doorkeeper.take(list.bytes, "operator ops");
    expect(saved).toEqual([1, 1]);
  });
});

describe("a node's list on disk", () => {
  const parts = { log: () => undefined, onNews: () => undefined };
  const credentials = { caPem: authority.certificatePem } as Credentials;

  test("is there after a restart, and stays when the node's disk is set aside", () => {
    const folder = testFolder();
    const list = listOf(4, { alice: at(10) });
    const open = () => openDoorkeeper(folder, dataFolder(), credentials, parts);
    expect(open().list).toBeNull();
    open().take(list.bytes, "node 2");
    expect(open().list?.number).toBe(4);
    setAside(folder, storeId("0".repeat(32)));
    expect(open().list?.number).toBe(4);
    expect(readFileSync(join(folder, "revocations.txt"))).toEqual(Buffer.from(list.bytes));
  });

  test("that was altered is as if there were none", () => {
    const folder = testFolder();
    const text = Buffer.from(listOf(4, { alice: at(10) }).bytes).toString();
    writeFileSync(join(folder, "revocations.txt"), text.replace("alice", "alicf"));
    expect(openDoorkeeper(folder, dataFolder(), credentials, parts).list).toBeNull();
  });

  test("begins with the CA's own where that is kept on the same machine", () => {
    const [folder, data] = [testFolder(), dataFolder()];
    const revoked = revokeUser(data, authority, bob, { lists: [], madeAt: [noon] }, at(10));
    expect(revoked.ok).toBe(true);
    expect(openDoorkeeper(folder, data, credentials, parts).isRevoked(bob, noon)).toBe(true);
    expect(openDoorkeeper(folder, dataFolder(), credentials, parts).isRevoked(bob, noon)).toBe(true);
  });
});
