/**
 * One node between its ports: what it does with its disk, its clock and its peers, whatever those are. The program
 * gives it sockets and files, the simulator gives it simulated ones.
 */
import type { ClusterConfig } from "../model/config.ts";
import type { Event } from "../model/events.ts";
import type { NodeId } from "../model/ids.ts";
import { after } from "../model/units.ts";
import type { Clock } from "../ports.ts";
import type { SegmentStore } from "../store/store.ts";
import type { Directory } from "./directory.ts";
import type { Doorkeeper } from "./doorkeeper.ts";
import type { NodeDriver } from "./driver.ts";
import { createFreshness } from "./freshness.ts";
import type { WaitingInspector } from "./inspector.ts";
import { type NodeContext, noteDisk, type Peers } from "./node-context.ts";
import { createOverview } from "./overview.ts";
import { createRefill } from "./refill.ts";
import { createRepair } from "./repair.ts";
import type { Rules } from "./rules.ts";
import { createScrubber, type Scrubber } from "./scrubber.ts";
import type { Service } from "./serve.ts";
import type { OperatorDesk } from "./serve-operator.ts";
import { createShares } from "./serve-share.ts";
import { createSettlements } from "./settlements.ts";
import { createUpkeep } from "./upkeep.ts";
import { waitingTeller } from "./waiting.ts";
import type { MeasuredWork } from "./work.ts";

export interface NodeParts {
  readonly self: NodeId;
  readonly config: ClusterConfig;
  readonly clock: Clock;
  readonly driver: NodeDriver;
  readonly store: SegmentStore;
  readonly peers: Peers;
  readonly inspector: WaitingInspector;
  readonly work: MeasuredWork;
  readonly rules: Rules;
  readonly directory: Directory;
  readonly doorkeeper: Doorkeeper;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: (event: Event) => void;
  /** The operator gives up what only missing nodes may have. */
  readonly acceptLoss: boolean;
  readonly operators: OperatorDesk;
  /** Called at every heartbeat, for what is kept now and then. */
  readonly onBeat: () => void;
}

export interface NodeCore {
  readonly service: Service;
  readonly scrubber: Scrubber;
  /** Begins to look after everything, each heartbeat. */
  start(): void;
  /** The disk is to be filled from the others. */
  beginRefill(): void;
  /** Uploads under way, and pictures that are being decoded: nobody else would find their verdict. */
  workDone(): Promise<void>;
  /** Ends everything in the background. */
  stop(): Promise<void>;
}

/** How long a stopping node waits for uploads under way. */
export const stopMsMax = 10_000;
/** How often a node looks for news of its peers and for copies that it owes, and counts what is at risk. */
const lookMs = 250;
const countMs = 1_000;
const workLookMs = 10;

export const createNodeCore = (parts: NodeParts): NodeCore => {
  const { self, config, clock, driver, store, work, acceptLoss } = parts;
  const { underWay } = store;
  const settlements = createSettlements(store, clock, self);
  const context: NodeContext = { ...parts, settlements, underWay, log: countingWork(parts) };
  const freshness = createFreshness(context);
  const refill = createRefill(context, freshness, acceptLoss);
  const repair = createRepair(context);
  const scrubber = createScrubber(context, store, () => repair.unrepairable);
  const upkeep = createUpkeep(context, store);
  const waitingFor = (): readonly NodeId[] =>
    refill.waitingFor.length > 0 ? refill.waitingFor : driver.waitingFor();
  const overview = createOverview(context, () => repair.fetchedBytes, refill.progress, waitingFor);
  const tellOfRoom = roomTeller(context);
  const tellOfWaiting = waitingTeller(context, waitingFor);
  let cancel = (): void => undefined;
  let lookAt = clock.monotonic();
  let countAt = clock.monotonic();
  let pulling = false;

  const look = (): void => {
    lookAt = after(clock.monotonic(), lookMs);
    void store.lookAgain();
    void settlements.flush();
    repair.look();
    upkeep.look();
    scrubber.look();
    if (pulling || !driver.ready) return;
    pulling = true;
    void freshness.pullNews().finally(() => {
      pulling = false;
    });
  };

  const count = (): void => {
    countAt = after(clock.monotonic(), countMs);
    void overview.refresh();
  };

  const beat = (): void => {
    const now = clock.monotonic();
    driver.reportLoad(work.report(store, { rebuild: overview.rebuild(), scrub: scrubber.view() }));
    driver.reportFeedHead(store.feedHead);
    const diskFault = store.fault ?? work.diskFault;
    if (store.fault !== null && store.fault.code !== "DISK_FULL") {
      noteDisk(context, store.fault);
      work.failDisk(store.fault);
    }
    driver.reportElectable(diskFault === null, work.lagging);
    tellOfRoom();
    tellOfWaiting();
    parts.onBeat();
    if (now >= lookAt) look();
    if (now >= countAt) count();
    cancel = clock.at(after(clock.monotonic(), config.timings.heartbeatMs), beat);
  };

  return {
    service: serviceOf(parts, {
      context,
      freshness,
      scrubber,
      snapshot: () => driver.snapshot(overview.risk()),
    }),
    scrubber,
    start: beat,
    beginRefill: refill.start,
    workDone: async () => {
      await workOver(parts);
      await settlements.flush(true);
    },
    stop: async () => {
      cancel();
      repair.stop();
      refill.stop();
      await Promise.all([upkeep.stop(), scrubber.stop()]);
    },
  };
};

type Looking = Pick<Service, "context" | "freshness" | "scrubber" | "snapshot">;

const serviceOf = ({ operators, directory, doorkeeper }: NodeParts, looking: Looking): Service => ({
  ...looking,
  operators,
  directory,
  doorkeeper,
  share: createShares(looking.context, looking.freshness),
});

/** Resolves when nothing is under way, or has had `stopMsMax` for its end. */
const workOver = async ({ work, inspector, clock }: NodeParts): Promise<void> => {
  const deadline = after(clock.monotonic(), stopMsMax);
  while (work.inFlight + inspector.pending > 0 && clock.monotonic() < deadline)
    await new Promise<void>((resolve) => clock.at(after(clock.monotonic(), workLookMs), resolve));
};

/** Stored is also what a repeated receipt says; that was work too. */
const countingWork =
  ({ work, log }: NodeParts): ((event: Event) => void) =>
  (event) => {
    if (event.kind === "image.stored") work.processed(event.ms);
    log(event);
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
