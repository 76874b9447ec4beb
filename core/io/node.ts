/**
 * A running node: everything of `core/` wired to this machine and started in the right order.
 *
 * First the disk (what this node promised before it stopped), then the listener, then the election: nobody is told
 * anything before the promises are read. Stopping goes the other way round. A disk that turns out to be damaged, or
 * older than what the others remember of it, is set aside, and the node begins anew on an empty one by itself.
 */
import assert from "node:assert/strict";
import { randomBytes, type X509Certificate } from "node:crypto";
import { join } from "node:path";
import { agreement, type ClusterConfig, formatAddress } from "../model/config.ts";
import type { Event } from "../model/events.ts";
import { bad, type Fault, fault, good, type Result, wordFault } from "../model/faults.ts";
import type { NodeId } from "../model/ids.ts";
import { idlePeerConnectionsMax, limitsHold, restingPeerMsMax } from "../model/limits.ts";
import { type Hello, protocolVersion } from "../model/messages.ts";
import type { Snapshot } from "../model/snapshot.ts";
import { after, type MonotonicMs, type WallMs } from "../model/units.ts";
import type { Clock } from "../ports.ts";
import type { SegmentStore } from "../store/store.ts";
import { createCable } from "./cable.ts";
import { systemClock } from "./clock.ts";
import { watchClocks } from "./clock-watch.ts";
import type { Connection } from "./connection.ts";
import { createConnectionPool } from "./connection-pool.ts";
import { type ControlLinks, createControlTransport } from "./control-transport.ts";
import { openDirectory } from "./directory.ts";
import { openDoorkeeper } from "./doorkeeper.ts";
import { openDrainFile } from "./drain-file.ts";
import { createNodeDriver, type NodeDriver } from "./driver.ts";
import { systemEntropy } from "./entropy.ts";
import { createInspector } from "./inspector.ts";
import { createNewsDesk } from "./news-desk.ts";
import type { NodeContext } from "./node-context.ts";
import { createNodeCore, type NodeCore } from "./node-core.ts";
import {
  type DiskIdentity,
  drainFileName,
  hasAside,
  readOrMakeIdentity,
  removeAside,
  setAside,
} from "./node-data.ts";
import { openDisk } from "./node-disk.ts";
import { lockNode, type NodeLock, nodeFolderOf } from "./node-lock.ts";
import { createPeers } from "./peers.ts";
import type { Credentials } from "./pki/credentials.ts";
import { newsOnly, refusedOnce, sparingly } from "./rejections.ts";
import { realRules } from "./rules.ts";
import { type Service, serveConnection } from "./serve.ts";
import { keepAcquainted } from "./serve-users.ts";
import { openSpareRoom } from "./spare-room.ts";
import { createRememberer, openStandingStore } from "./standing-store.ts";
import { openTermStore } from "./term-store.ts";
import { listenSecure } from "./tls.ts";
import { programVersion } from "./version.ts";
import { createWork } from "./work.ts";

export interface NodeOptions {
  readonly id: NodeId;
  readonly config: ClusterConfig;
  /** The machine's data folder; this node's is `nodes/<id>` in it. */
  readonly data: string;
  readonly credentials: Credentials;
  /** The operator gives up what only nodes may have that cannot be reached. */
  readonly acceptLoss: boolean;
  /** The node's lock, when it was taken before; `startNode` takes care of its release. */
  readonly lock?: NodeLock | null;
  readonly onEvent: (event: Event, at: WallMs) => void;
  /** Leader, term or somebody's standing has changed. */
  readonly onChange: () => void;
}

export interface RunningNode {
  snapshot(): Snapshot;
  /** While cut it hears no other node and none hears it, and it answers no requests: as if its cable were pulled. */
  cutNetwork(cut: boolean): void;
  /** Hands over, finishes what is under way (within `stopMsMax`), closes. */
  stop(): Promise<void>;
}

/** After the first election, which it should not disturb. */
const warmUpMs = 1_500;

/** Errors: DATA_IN_USE, DATA_FOREIGN, DISK_*, STORE_DAMAGED, ADDRESS_IN_USE, ADDRESS_NOT_HERE, USAGE (no such node). */
export const startNode = async (options: NodeOptions): Promise<Result<RunningNode>> => {
  for (const [relation, holds] of limitsHold) assert(holds, relation);
  const { id, config, data } = options;
  if (!config.servers.some((server) => server.id === id)) return bad(noSuchNode(options));
  const locked = options.lock ? good(options.lock) : lockNode(data, id);
  if (!locked.ok) return locked;
  const lock = locked.value;
  const node = new Node(options, lock.since);
  const started = await node.begin();
  if (!started.ok) {
    lock.release();
    return started;
  }
  const stop = async (): Promise<void> => {
    await node.stop();
    lock.release();
  };
  return good({ snapshot: () => node.snapshot(), cutNetwork: (cut) => node.cutNetwork(cut), stop });
};

/** One life on one disk. */
interface Life {
  readonly core: NodeCore;
  /** In good order: hands over, finishes what is under way. */
  stop(): Promise<void>;
  /** At once: the disk is not to be trusted. */
  end(): Promise<void>;
}

/** A node through all its disks: the one that it has now, and the next when that one must be set aside. */
class Node {
  readonly #options: NodeOptions;
  readonly #folder: string;
  /** Since when no other process can have spoken for this node. */
  readonly #aloneSince: MonotonicMs;
  readonly #clock: Clock = systemClock();
  readonly #cable = createCable();
  readonly #news = createNewsDesk();
  #life: Life | null = null;
  #last: Snapshot | null = null;
  #changing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: NodeOptions, aloneSince: MonotonicMs) {
    this.#options = options;
    this.#folder = nodeFolderOf(options.data, options.id);
    this.#aloneSince = aloneSince;
  }

  snapshot(): Snapshot {
    const now = this.#life?.core.service.snapshot() ?? this.#last;
    if (now === null) throw new Error("asked before the node had begun");
    this.#last = now;
    return now;
  }

  cutNetwork(cut: boolean): void {
    this.#cable.cut(cut);
  }

  /** A damaged disk is set aside, once; but alone, where nobody could fill the next one, only when loss is accepted. */
  async begin(): Promise<Result<void>> {
    const begun = await this.#beginOnDisk();
    if (begun.ok || begun.fault.code !== "STORE_DAMAGED") return begun;
    const { config, acceptLoss } = this.#options;
    if (config.servers.length === 1 && !acceptLoss) return begun;
    const aside = this.#setAside(wordFault(begun.fault).what);
    return aside.ok ? this.#beginOnDisk() : aside;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#changing;
    await this.#life?.stop();
    this.#log({ kind: "node.stopped" });
  }

  #log(event: Event): void {
    this.#tell(event, this.#clock.wall());
  }

  #tell(event: Event, at: WallMs): void {
    this.#news.tell(event, at);
    this.#options.onEvent(event, at);
  }

  async #beginOnDisk(): Promise<Result<void>> {
    const opened = new AsyncDisposableStack();
    const life = await this.#live(opened);
    if (!life.ok) {
      await opened.disposeAsync();
      return life;
    }
    this.#life = life.value;
    return good(undefined);
  }

  /** Whatever it opens is put on `opened`, and closed in the reverse order when the life ends or cannot begin. */
  async #live(opened: AsyncDisposableStack): Promise<Result<Life>> {
    const { id, config, credentials } = this.#options;
    const identity = readOrMakeIdentity(this.#folder, id, credentials.peer.cluster);
    if (!identity.ok) return identity;
    const store = await openDisk(this.#folder, identity.value, config, opened);
    if (!store.ok) return store;
    const built = this.#build(identity.value, store.value, opened);
    if (!built.ok) return built;
    const { core, links } = built.value;
    const { driver } = core.service.context;
    const listening = await this.#listen(core.service, links);
    if (!listening.ok) return listening;
    opened.defer(() => listening.value.close());
    driver.start();
    core.start();
    opened.defer(() => core.stop());
    opened.defer(warmUpLater(core.service.context));
    opened.defer(watchClocks(core.service.context));
    opened.defer(keepAcquainted(core.service.context, core.service));
    return good({
      core,
      stop: async () => {
        await driver.stop();
        await core.workDone();
        await opened.disposeAsync();
      },
      end: async () => {
        driver.kill();
        await opened.disposeAsync();
      },
    });
  }

  async #listen(service: Service, links: ControlLinks): ReturnType<typeof listenSecure> {
    const { id, config, credentials } = this.#options;
    const address = config.servers.find((server) => server.id === id);
    if (address === undefined) return bad(noSuchNode(this.#options));
    const listener = await listenSecure({
      ...address,
      credentials,
      hello: () => helloOf(this.#options, "request"),
      connectionsMax: config.limits.connectionsMax,
      refusal: service.doorkeeper.refusal,
      onConnection: (connection, certificate) => {
        this.#cable.admit(connection);
        routeTo(service, links)(connection, certificate);
      },
      onRejected: sparingly(this.#clock, (remote, problem) =>
        this.#log({ kind: "peer.rejected", remote, fault: problem }),
      ),
    });
    if (!listener.ok) return listener;
    const where = formatAddress(address);
    const { driver, store } = service.context;
    this.#log({ kind: "node.started", boot: driver.boot, store: store.id, address: where });
    this.#log({ kind: "node.listening", address: where });
    return listener;
  }

  /** Everything but the listener; nobody hears of this node yet. */
  #build(
    identity: DiskIdentity,
    store: SegmentStore,
    opened: AsyncDisposableStack,
  ): Result<{ readonly core: NodeCore; readonly links: ControlLinks }> {
    const { id, config, credentials, acceptLoss, onChange } = this.#options;
    const clock = this.#clock;
    const log = refusedOnce((event) => this.#log(event));
    const room = openSpareRoom(this.#folder);
    const standing = openStandingStore(this.#folder, identity, room);
    if (!standing.ok) return standing;
    const work = createWork(config, this.#folder, clock);
    opened.defer(work.close);
    const network = openNetwork(this.#options, log);
    const links = this.#cable.links(network.links);
    const pool = this.#cable.pool(network.pool);
    opened.defer(links.close);
    opened.defer(pool.close);
    const drainFile = openDrainFile(join(this.#folder, drainFileName));
    const driver = createNodeDriver({
      id,
      store: store.id,
      feedHead: store.feedHead,
      cluster: credentials.peer.cluster,
      config,
      clock,
      transport: links,
      terms: openTermStore(join(this.#folder, "term.json"), room),
      standing: standing.value,
      acceptLoss,
      replaces: hasAside(this.#folder),
      entropy: systemEntropy(),
      aloneSince: this.#aloneSince,
      drained: drainFile.drained(),
      onEvent: (event, at) => this.#tell(event, at),
      onRebuild: () => core.beginRefill(),
      onOutdated: (reason) => this.#replaceDisk(reason),
      onTurnAway: (peer, problem) => links.turnAway(peer, problem),
      onChange: () => {
        peers.livenessChanged();
        this.#news.changed();
        if (driver.ok && isRefilled(driver.value)) void removeAside(this.#folder);
        onChange();
      },
    });
    if (!driver.ok) return driver;
    const peers = createPeers(driver.value, pool);
    const inspector = createInspector({ clock, backlogBytesMax: config.limits.inspectionBacklogBytesMax });
    opened.defer(inspector.close);
    const core: NodeCore = createNodeCore({
      self: id,
      config,
      clock,
      driver: driver.value,
      store,
      peers,
      inspector,
      work,
      rules: realRules,
      ...openDoor(this.#options, this.#folder, log),
      randomBytes,
      log,
      acceptLoss,
      operators: { news: this.#news, drainFile },
      onBeat: createRememberer(clock, standing.value, driver.value.memories.bind(driver.value), log),
    });
    return good({ core, links });
  }

  /** This life ends, and another begins on an empty disk. */
  #replaceDisk(reason: string): void {
    this.#changing = this.#changing.then(async () => {
      const old = this.#life;
      if (this.#stopped || old === null) return;
      this.snapshot();
      this.#life = null;
      await old.end();
      const aside = this.#setAside(reason);
      const begun = aside.ok ? await this.#beginOnDisk() : aside;
      if (!begun.ok) this.#log({ kind: "disk.failed", fault: begun.fault });
    });
  }

  #setAside(reason: string): Result<void> {
    const { id, credentials } = this.#options;
    const identity = readOrMakeIdentity(this.#folder, id, credentials.peer.cluster);
    if (!identity.ok) return identity;
    const path = setAside(this.#folder, identity.value.store);
    if (!path.ok) return path;
    this.#log({ kind: "disk.set-aside", path: path.value, reason });
    return good(undefined);
  }
}

/**
 * Whether this disk took the place of another and has all that the others know. A disk that was born with its cluster
 * has taken nothing from anybody: what was set aside may be all that there is.
 */
const isRefilled = (driver: NodeDriver): boolean => driver.ready && driver.state().generation > 1;

/** Who may come in, and who has been. */
const openDoor = ({ data, credentials }: NodeOptions, folder: string, log: (event: Event) => void) => {
  const onNews = (): void => directory.judgeAgain();
  const doorkeeper = openDoorkeeper(folder, data, credentials, { log, onNews });
  const directory = openDirectory(folder, credentials, doorkeeper.isRevoked);
  return { doorkeeper, directory };
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
    onLinkClosed: (peer) => pool.drop(peer),
  });
  const pool = createConnectionPool({
    servers: config.servers,
    credentials,
    hello: () => helloOf(options, "request"),
    idleMax: idlePeerConnectionsMax,
    restMsMax: restingPeerMsMax,
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

const routeTo =
  (service: Service, links: ControlLinks) =>
  (connection: Connection, certificate: X509Certificate): void => {
    service.doorkeeper.admit(connection, certificate);
    if (connection.peer.role === "user") service.directory.enter(certificate.raw);
    if (connection.hello.purpose === "control") links.accept(connection);
    else void serveConnection(service, connection);
  };

/** The decoder takes a while to load; better now than while the first images are on their way. */
const warmUpLater = ({ clock, inspector, config }: NodeContext): (() => void) => {
  if (config.images.inspect !== "decode") return () => undefined;
  return clock.at(after(clock.monotonic(), warmUpMs), () => void inspector.warmUp());
};
