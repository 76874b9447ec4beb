/**
 * The last look, when everything is healed: every image of the ledger is asked of every node, and every node must know
 * the same. What takes its time (copies, erasures) is waited for.
 */

import { askRecords } from "../../core/io/ask-records.ts";
import { request, type Session } from "../../core/io/client/session.ts";
import { askEach } from "../../core/io/client/status.ts";
import { replyFrom } from "../../core/io/exchange.ts";
import { copiesWanted } from "../../core/model/config.ts";
import { type Fault, wordFault } from "../../core/model/faults.ts";
import { type ImageId, type NodeId, shortId } from "../../core/model/ids.ts";
import { homesOf } from "../../core/model/records.ts";
import { until } from "../support/until.ts";
import type { Ledger, Upload } from "./ledger.ts";
import type { JudgedImage } from "./orders.ts";
import type { Person } from "./person.ts";

export interface Court {
  readonly ledger: Ledger;
  readonly people: readonly Person[];
  /** Of a node: it may ask for what nodes tell each other. */
  readonly session: Session;
  readonly onWrong: (sentence: string) => void;
  readonly onWaiting: (what: string) => void;
}

/** Images that are asked for at the same time. */
const askedAtOnce = 6;
const statusMsMax = 2_000;
/** Of each owner's purged images the latest so many are asked for; the lists were to show none. */
const purgedAskedMax = 30;

/** What must be on the disks. Broken promises are told on the way. */
export const judge = async (court: Court): Promise<readonly JudgedImage[]> => {
  const { ledger, people, session } = court;
  const owners = [...new Map(people.map((person) => [person.name, person])).values()];
  for (const node of session.servers)
    for (const person of owners) await mustAnswer(court, () => person.list(node), `a list by node ${node}`);
  await alike(court);
  await everyCopyListed(court);
  for (const person of owners) {
    const kept = ledger.kept(person.name);
    await inTurns(kept, async (upload) => {
      for (const node of session.servers)
        await mustAnswer(court, () => person.get(upload, node), `${shortId(upload.id)} by node ${node}`);
      await onDisks(court, person, upload);
    });
    await inTurns(ledger.purged(person.name).slice(-purgedAskedMax), async (upload) => {
      for (const node of session.servers)
        await mustAnswer(
          court,
          () => person.get(upload, node),
          `whether ${shortId(upload.id)} is gone by node ${node}`,
        );
    });
  }
  return [...ledger.uploads.values()].map((upload) => ({ id: upload.id, fate: fateOf(upload) }));
};

const fateOf = ({ acknowledgedAt, purgeAskedAt, purgedAt }: Upload): JudgedImage["fate"] => {
  if (purgedAt !== null) return "gone";
  return acknowledgedAt !== null && purgeAskedAt === null ? "kept" : "open";
};

/** Everything is healed: nothing may keep a node from answering. */
const mustAnswer = async (court: Court, ask: () => Promise<Fault | null>, what: string): Promise<void> => {
  const problem = await ask();
  if (problem !== null) court.onWrong(`${what} is not answered: ${wordFault(problem).what}`);
};

const inTurns = async <Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> => {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await act(item);
  };
  await Promise.all(Array.from({ length: askedAtOnce }, worker));
};

/** As `info` shows it: synced on as many live disks as are wanted. */
const onDisks = async ({ session, onWaiting }: Court, person: Person, { id }: Upload): Promise<void> => {
  const wanted = copiesWanted(session.config);
  let told = false;
  await until(async () => {
    const described = await person.describe(id);
    if (!described.ok) return false;
    const { record, live } = described.value;
    const copies = homesOf(record).filter(
      ({ node, store, syncedAt }) =>
        syncedAt !== null && live.some((disk) => disk.node === node && disk.store === store),
    );
    if (copies.length >= wanted) return true;
    if (!told) onWaiting(`${wanted} copies of ${shortId(id)} (${id}), which has ${copies.length}`);
    told = true;
    return false;
  });
};

/** Until all nodes know the same, and nothing more of what is gone: then its last tombstone has gone too. */
const alike = async ({ session, ledger, onWaiting }: Court): Promise<void> => {
  let told = "";
  await until(async () => {
    const known = await Promise.all(session.servers.map((node) => knownBy(session, node)));
    const [first = new Map()] = known;
    const different = known.findIndex((other) => !sameEntries(first, other));
    const stones = [...first.keys()].filter((id) => ledger.uploads.get(id)?.purgedAt != null);
    if (different < 0 && stones.length === 0) return true;
    const waiting =
      different < 0
        ? "tombstones to go"
        : `node ${session.servers[different]} to know what node ${session.servers[0]} knows`;
    if (waiting !== told) onWaiting(waiting);
    told = waiting;
    return false;
  });
};

/** Until no disk has a copy that the records do not list: a node that was away claims what it has when it is back. */
const everyCopyListed = async ({ session, onWaiting }: Court): Promise<void> => {
  let told = "";
  await until(async () => {
    const listed = await copiesListed(session);
    const answers = await askEach(session, statusMsMax);
    const unlisted = answers.find(({ server, answer }) => {
      const own = answer.ok ? answer.value.nodes.find(({ id }) => id === server) : undefined;
      return own?.images !== listed.get(server);
    });
    if (unlisted === undefined) return true;
    const waiting = `node ${unlisted.server} to have the ${listed.get(unlisted.server)} copies that are listed on it`;
    if (waiting !== told) onWaiting(waiting);
    told = waiting;
    return false;
  });
};

/** How many copies each node has by what the first one knows. */
const copiesListed = async (session: Session): Promise<ReadonlyMap<NodeId, number>> => {
  const listed = new Map(session.servers.map((node) => [node, 0]));
  const [first] = session.servers;
  if (first === undefined) return listed;
  const ids = [...(await knownBy(session, first)).keys()];
  await request(session, first, async (connection) => {
    for await (const page of askRecords(connection, ids))
      for (const record of page)
        if (record.kind === "image")
          for (const { node } of homesOf(record)) listed.set(node, (listed.get(node) ?? 0) + 1);
  });
  return listed;
};

/** The digest of everything that the node knows; empty when it does not say. */
const knownBy = async (session: Session, node: NodeId): Promise<ReadonlyMap<ImageId, number>> => {
  const known = new Map<ImageId, number>();
  const told = await request(session, node, async (connection) => {
    await connection.send({ kind: "digests" });
    const { buckets } = await replyFrom(connection, ["digests.reply"]);
    for (const { bucket } of buckets) {
      for (let after: ImageId | null = null; ; ) {
        await connection.send({ kind: "bucket", bucket, after });
        const page = await replyFrom(connection, ["bucket.reply"]);
        for (const { id, digest } of page.entries) known.set(id, digest);
        after = page.entries.at(-1)?.id ?? null;
        if (!page.more) break;
      }
    }
  });
  return told.ok ? known : new Map();
};

const sameEntries = (one: ReadonlyMap<ImageId, number>, other: ReadonlyMap<ImageId, number>): boolean =>
  one.size === other.size && [...one].every(([id, digest]) => other.get(id) === digest);
