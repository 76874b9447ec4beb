/**
 * A running node: everything of `core/` wired together and started in the right order.
 *
 * First the disk (what this node promised before it stopped), then the listener, then the election: nobody is
 * told anything before the promises are read. Stopping goes the other way round.
 */
import { join } from "node:path";
import { agreement, type ClusterConfig, formatAddress } from "../model/config.ts";
import type { Event } from "../model/events.ts";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { type Hello, protocolVersion } from "../model/messages.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { after, type WallMs } from "../model/units.ts";
import type { Clock } from "../ports.ts";
import { systemClock } from "./clock.ts";
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
const pullNewsMs = 250;

/** Errors: DATA_IN_USE, DATA_FOREIGN, DISK_*, ADDRESS_IN_USE, ADDRESS_NOT_HERE, USAGE (no such node). */
export const startNode = async (options: NodeOptions): Promise<Result<RunningNode>> => {
  const { id, config } = options;
  const address = config.servers.find((server) => server.id === id);
  if (address === undefined) {
    const hint = `nodes in the configuration: ${config.servers.map((server) => server.id).join(", ")}`;
    return bad(fault("USAGE", { message: `no node ${id} in the configuration`, hint }));
  }
  const clock = systemClock();
  const data = openNodeData(options.data, id, options.credentials.peer.cluster);
  if (!data.ok) return data;
  const started = await startOnDisk(options, clock, address, data.value);
  if (!started.ok) data.value.release();
  return started;
};

const startOnDisk = async (
  options: NodeOptions,
  clock: Clock,
  address: ClusterConfig["servers"][number],
  data: { readonly folder: string; readonly store: NodeContext["records"]["store"]; release(): void },
): Promise<Result<RunningNode>> => {
  const { id, config, credentials } = options;
  const log = (event: Event): void => options.onEvent(event, clock.wall());
  const payloads = await openPayloadFiles(data.folder);
  if (!payloads.ok) return payloads;
  const records = await openRecordJournal(data.folder, data.store);
  if (!records.ok) return records;

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
  const work = createWork(config, data.folder, clock);
  const driver = createNodeDriver({
    id,
    store: data.store,
    cluster: credentials.peer.cluster,
    config,
    clock,
    transport: links,
    terms: openTermStore(join(data.folder, "term.json")),
    entropy: systemEntropy(),
    onEvent: options.onEvent,
    onChange: () => {
      peers.livenessChanged();
      options.onChange();
    },
  });
  if (!driver.ok) return driver;

  const pool = createConnectionPool({
    servers: config.servers,
    credentials,
    hello: () => helloOf(options, "request"),
  });
  const peers = createPeers(driver.value, pool);
  const context: NodeContext = {
    self: id,
    config,
    clock,
    driver: driver.value,
    payloads: payloads.value,
    records: records.value,
    peers,
    inspector: createInspector({ backlogBytesMax: config.limits.inspectionBacklogBytesMax }),
    work,
    log,
  };
  const service = serviceOf(context);
  const listener = await listenSecure({
    host: address.host,
    port: address.port,
    credentials,
    hello: () => helloOf(options, "request"),
    connectionsMax: config.limits.connectionsMax,
    onConnection: (connection) => route(service, links, connection),
    onRejected: (remote, problem) => log({ kind: "peer.rejected", remote, fault: problem }),
  });
  if (!listener.ok) {
    links.close();
    work.close();
    pool.close();
    await records.value.close();
    return listener;
  }
  log({ kind: "node.started", boot: driver.value.boot, store: data.store, address: formatAddress(address) });
  log({ kind: "node.listening", address: formatAddress(address) });
  driver.value.start();
  const stopTicking = tick(context, service, work);

  const stop = async (): Promise<void> => {
    await driver.value.stop();
    await workDone(context);
    stopTicking();
    await listener.value.close();
    links.close();
    pool.close();
    work.close();
    await records.value.close();
    data.release();
    log({ kind: "node.stopped" });
  };
  return good({ snapshot: service.snapshot, stop });
};

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

/** What a node does at every heartbeat: say how it is, and every few beats look for news. */
const tick = (context: NodeContext, service: Service, work: MeasuredWork): (() => void) => {
  const { driver, clock, config } = context;
  let cancel = (): void => undefined;
  let newsAt = clock.monotonic();
  let pulling = false;
  const beat = (): void => {
    driver.reportLoad(work.report(context.payloads));
    driver.reportFeedHead(context.records.feedHead);
    driver.reportElectable(work.diskFault === null, work.lagging);
    if (!pulling && clock.monotonic() >= newsAt) {
      pulling = true;
      newsAt = after(clock.monotonic(), pullNewsMs);
      void service.freshness.pullNews().finally(() => {
        pulling = false;
      });
    }
    cancel = clock.at(after(clock.monotonic(), config.timings.heartbeatMs), beat);
  };
  beat();
  return () => cancel();
};

const workDone = async (context: NodeContext): Promise<void> => {
  const deadline = after(context.clock.monotonic(), stopMsMax);
  while (context.work.inFlight > 0 && context.clock.monotonic() < deadline) {
    await new Promise<void>((resolve) => {
      context.clock.at(after(context.clock.monotonic(), 10), resolve);
    });
  }
};
