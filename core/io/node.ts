/**
 * A running node: everything of `core/` wired together and started in the right order.
 *
 * First the disk (what this node promised before it stopped), then the listener, then the election: nobody is
 * told anything before the promises are read. Stopping goes the other way round.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { agreement, type ClusterConfig, formatAddress } from "../model/config.ts";
import type { Event } from "../model/events.ts";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { limitsHold } from "../model/limits.ts";
import { type Hello, protocolVersion } from "../model/messages.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { after, type WallMs } from "../model/units.ts";
import { systemClock } from "./clock.ts";
import { watchClocks } from "./clock-watch.ts";
import type { Connection } from "./connection.ts";
import { createConnectionPool } from "./connection-pool.ts";
import { type ControlLinks, createControlTransport } from "./control-transport.ts";
import { createNodeDriver } from "./driver.ts";
import { systemEntropy } from "./entropy.ts";
import { createFreshness } from "./freshness.ts";
import { createInspector } from "./inspector.ts";
import type { NodeContext } from "./node-context.ts";
import { openNodeData } from "./node-data.ts";
import { openPayloadFiles } from "./payload-files.ts";
import { createPeers } from "./peers.ts";
import type { Credentials } from "./pki/credentials.ts";
import { openRecordJournal } from "./record-journal.ts";
import { sparingly } from "./rejections.ts";
import { createRepair } from "./repair.ts";
import { type Service, serveConnection } from "./serve.ts";
import { openTermStore } from "./term-store.ts";
import { listenSecure } from "./tls.ts";
import { programVersion } from "./version.ts";
import { createWork, type MeasuredWork } from "./work.ts";

export interface NodeOptions {
  readonly id: NodeId;
  readonly config: ClusterConfig;
  /** The machine's data folder; this node's is `nodes/<id>` in it. */
  readonly data: string;
  readonly credentials: Credentials;
  readonly onEvent: (event: Event, at: WallMs) => void;
  /** Leader, term or somebody's standing has changed. */
  readonly onChange: () => void;
}

export interface RunningNode {
  snapshot(): Snapshot;
  /** Hands over, finishes what is under way (within `stopMsMax`), closes. */
  stop(): Promise<void>;
}

/** How long a stopping node waits for uploads under way. */
export const stopMsMax = 10_000;
/** How often a node looks for news of its peers and for copies that it owes. */
const lookMs = 250;
/** After the first election, which it should not disturb. */
const warmUpMs = 1_500;

/** Errors: DATA_IN_USE, DATA_FOREIGN, DISK_*, ADDRESS_IN_USE, ADDRESS_NOT_HERE, USAGE (no such node). */
export const startNode = async (options: NodeOptions): Promise<Result<RunningNode>> => {
  for (const [relation, holds] of limitsHold) assert(holds, relation);
  const opened = new AsyncDisposableStack();
  const started = await start(options, opened);
  if (!started.ok) await opened.disposeAsync();
  return started;
};

/** Whatever it opens is put on `opened`, and closed in the reverse order when the node stops or cannot start. */
const start = async (options: NodeOptions, opened: AsyncDisposableStack): Promise<Result<RunningNode>> => {
  const { config, credentials } = options;
  const address = config.servers.find((server) => server.id === options.id);
  if (address === undefined) return bad(noSuchNode(options));
  const built = await build(options, opened);
  if (!built.ok) return built;
  const { service, links, work } = built.value;
  const { log, driver, records } = service.context;
  const listener = await listenSecure({
    ...address,
    credentials,
    hello: () => helloOf(options, "request"),
    connectionsMax: config.limits.connectionsMax,
    onConnection: (connection) => route(service, links, connection),
    onRejected: sparingly(service.context.clock, (remote, problem) =>
      log({ kind: "peer.rejected", remote, fault: problem }),
    ),
  });
  if (!listener.ok) return listener;
  opened.defer(() => listener.value.close());
  const where = formatAddress(address);
  log({ kind: "node.started", boot: driver.boot, store: records.store, address: where });
  log({ kind: "node.listening", address: where });
  driver.start();
  opened.defer(tick(service, work));
  opened.defer(warmUpLater(service.context));
  opened.defer(watchClocks(service.context));
  const stop = async (): Promise<void> => {
    await driver.stop();
    await workDone(service.context);
    await opened.disposeAsync();
    log({ kind: "node.stopped" });
  };
  return good({ snapshot: service.snapshot, stop });
};

interface Built {
  readonly service: Service;
  readonly links: ControlLinks;
  readonly work: MeasuredWork;
}

/** Everything but the listener, from the disk up; nobody hears of this node yet. */
const build = async (options: NodeOptions, opened: AsyncDisposableStack): Promise<Result<Built>> => {
  const { id, config, credentials, onEvent, onChange } = options;
  const clock = systemClock();
  const log = (event: Event): void => onEvent(event, clock.wall());
  const data = openNodeData(options.data, id, credentials.peer.cluster);
  if (!data.ok) return data;
  opened.defer(data.value.release);
  const { folder, store } = data.value;
  const payloads = await openPayloadFiles(folder);
  if (!payloads.ok) return payloads;
  const records = await openRecordJournal(folder, store);
  if (!records.ok) return records;
  opened.defer(() => records.value.close());
  const work = createWork(config, folder, clock);
  opened.defer(work.close);
  const { links, pool } = openNetwork(options, log);
  opened.defer(links.close);
  opened.defer(pool.close);
  const driver = createNodeDriver({
    id,
    store,
    cluster: credentials.peer.cluster,
    config,
    clock,
    transport: links,
    terms: openTermStore(join(folder, "term.json")),
    entropy: systemEntropy(),
    onEvent,
    onChange: () => {
      peers.livenessChanged();
      onChange();
    },
  });
  if (!driver.ok) return driver;
  const peers = createPeers(driver.value, pool);
  const inspector = createInspector({ backlogBytesMax: config.limits.inspectionBacklogBytesMax });
  opened.defer(inspector.close);
  const service = serviceOf({
    self: id,
    config,
    clock,
    driver: driver.value,
    payloads: payloads.value,
    records: records.value,
    peers,
    inspector,
    work,
    log,
  });
  return good({ service, links, work });
};

/** The ways out of this node: control links to every peer, and a pool of connections for requests. */
const openNetwork = (options: NodeOptions, log: (event: Event) => void) => {
  const { id, config, credentials } = options;
  const links = createControlTransport({
    self: id,
    servers: config.servers,
    credentials,
    hello: () => helloOf(options, "control"),
    heartbeatMs: config.timings.heartbeatMs,
    onProblem: newsOnly((peer, problem) =>
      log({ kind: "peer.rejected", remote: `node ${peer}`, fault: problem }),
    ),
  });
  const pool = createConnectionPool({
    servers: config.servers,
    credentials,
    hello: () => helloOf(options, "request"),
  });
  return { links, pool };
};

const noSuchNode = ({ id, config }: NodeOptions): Fault =>
  fault("USAGE", {
    message: `no node ${id} in the configuration`,
    hint: `nodes in the configuration: ${config.servers.map((server) => server.id).join(", ")}`,
  });

const helloOf = (options: NodeOptions, purpose: Hello["purpose"]): Hello => ({
  kind: "hello",
  protocol: protocolVersion,
  version: programVersion(),
  cluster: options.credentials.peer.cluster,
  agreement: agreement(options.credentials.peer.cluster, options.config),
  purpose,
});

/** A problem with a peer is met at every dial; it is told when it is another than the last. */
const newsOnly = (tell: (peer: NodeId, problem: Fault) => void): ((peer: NodeId, problem: Fault) => void) => {
  const told = new Map<NodeId, string>();
  return (peer, problem) => {
    const what = JSON.stringify(problem);
    if (told.get(peer) === what) return;
    told.set(peer, what);
    tell(peer, problem);
  };
};

const route = (service: Service, links: ControlLinks, connection: Connection): void => {
  if (connection.hello.purpose === "control") links.accept(connection);
  else void serveConnection(service, connection);
};

const serviceOf = (context: NodeContext): Service => ({
  context,
  freshness: createFreshness(context),
  snapshot: () => context.driver.snapshot(fewestLiveCopies(context)),
});

/** Of all images, the fewest copies on nodes that live; null without images. */
const fewestLiveCopies = (context: NodeContext): number | null => {
  const live = new Set(context.driver.live());
  let fewest: number | null = null;
  for (const homes of context.records.homeSets()) {
    const copies = homes.filter((node) => live.has(node)).length;
    fewest = fewest === null ? copies : Math.min(fewest, copies);
  }
  return fewest;
};

/** What a node does at every heartbeat: say how it is, and every few beats look for news and for what is missing. */
const tick = ({ context, freshness }: Service, work: MeasuredWork): (() => void) => {
  const { driver, clock, config } = context;
  const repair = createRepair(context);
  const tellOfRoom = roomTeller(context);
  let cancel = (): void => undefined;
  let lookAt = clock.monotonic();
  let pulling = false;
  const look = (): void => {
    lookAt = after(clock.monotonic(), lookMs);
    repair.look();
    if (pulling) return;
    pulling = true;
    void freshness.pullNews().finally(() => {
      pulling = false;
    });
  };
  const beat = (): void => {
    driver.reportLoad(work.report(context.payloads));
    driver.reportFeedHead(context.records.feedHead);
    driver.reportElectable(work.diskFault === null, work.lagging);
    tellOfRoom();
    if (clock.monotonic() >= lookAt) look();
    cancel = clock.at(after(clock.monotonic(), config.timings.heartbeatMs), beat);
  };
  beat();
  return () => {
    cancel();
    repair.stop();
  };
};

/** Says once when the disk gets too full for new images, and once when it has room again. */
const roomTeller = ({ work, log }: NodeContext): (() => void) => {
  let wasFull = false;
  return () => {
    const problem = work.diskFault;
    const isFull = problem?.code === "DISK_FULL";
    if (isFull && !wasFull) log({ kind: "disk.filled", fault: problem });
    if (problem === null && wasFull) log({ kind: "disk.freed" });
    wasFull = isFull;
  };
};

/** The decoder takes a while to load; better now than while the first images are on their way. */
const warmUpLater = ({ clock, inspector, config }: NodeContext): (() => void) => {
  if (config.images.inspect !== "decode") return () => undefined;
  return clock.at(after(clock.monotonic(), warmUpMs), () => void inspector.warmUp());
};

/** Uploads under way, and pictures that are being decoded: nobody else would find their verdict. */
const workDone = async (context: NodeContext): Promise<void> => {
  const deadline = after(context.clock.monotonic(), stopMsMax);
  while (context.work.inFlight + context.inspector.pending > 0 && context.clock.monotonic() < deadline) {
    await new Promise<void>((resolve) => {
      context.clock.at(after(context.clock.monotonic(), 10), resolve);
    });
  }
};
