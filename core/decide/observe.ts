/**
 * What one node believes about the cluster, as the plain data that `status` prints and the console draws.
 */
import { type ClusterConfig, formatAddress } from "../model/config.ts";
import type { LoadReport } from "../model/control.ts";
import type { ClusterId, NodeId } from "../model/ids.ts";
import type {
  LinkView,
  NodeRole,
  NodeState as NodeStanding,
  NodeView,
  RiskView,
  Snapshot,
} from "../model/snapshot.ts";
import { shownLoad } from "./balancer.ts";
import type { Moment } from "./effects.ts";
import { type PeerView, standingOf } from "./liveness.ts";
import { countOf } from "./node-set.ts";
import { isReady, liveNodes, type NodeState } from "./node-state.ts";
import type { Risk } from "./risk.ts";

/** `risk`: null while the images are not known yet. */
export const observe = (
  state: NodeState,
  cluster: ClusterId,
  config: ClusterConfig,
  risk: Risk | null,
  moment: Moment,
): Snapshot => {
  const { setup, election } = state;
  const live = countOf(liveNodes(state, moment.now));
  const needed = setup.majority;
  return {
    observer: setup.id,
    at: moment.wall,
    cluster,
    term: election.leader === null ? null : election.durable.term,
    leader: election.leader,
    quorum: { live, needed, ok: live >= needed },
    tolerance: toleranceOf(live, needed, risk?.fewestLiveCopies ?? null),
    risk: risk === null ? null : riskView(risk),
    nodes: config.servers.map((server) => {
      const address = formatAddress(server);
      return server.id === setup.id
        ? viewOfSelf(state, address)
        : viewOfPeer(state, server.id, address, moment);
    }),
    links: linksOf(state, moment),
  };
};

const riskView = ({ fewestLiveCopies: _, ...view }: Risk): RiskView => view;

/** How many more nodes may stop before something cannot be written, or not be read. */
export const toleranceOf = (live: number, needed: number, fewestLiveCopies: number | null): number =>
  Math.max(0, Math.min(live - needed, (fewestLiveCopies ?? Number.POSITIVE_INFINITY) - 1));

const viewOfSelf = (state: NodeState, address: string): NodeView => ({
  id: state.setup.id,
  address,
  state: isReady(state) ? "up" : "rebuilding",
  role: ownRole(state),
  heartbeatMs: 0,
  roundTripMs: 0,
  ...figuresOf(state.load),
});

const viewOfPeer = (state: NodeState, id: NodeId, address: string, { now }: Moment): NodeView => {
  const peer = state.peers[id - 1];
  if (peer === undefined) throw new RangeError(`no node ${id} in this cluster`);
  return {
    id,
    address,
    state: shownStanding(peer, standingOf(peer, now, state.setup.timings)),
    role: state.election.leader === id ? "leader" : "follower",
    heartbeatMs: peer.ping === null ? null : now - peer.heardAt,
    roundTripMs: peer.roundTripMs,
    ...figuresOf(peer.ping?.load ?? null),
  };
};

const shownStanding = (peer: PeerView, standing: ReturnType<typeof standingOf>): NodeStanding => {
  if (standing === "unknown" || standing === "down") return "down";
  return peer.ping?.ready === false ? "rebuilding" : standing;
};

const ownRole = (state: NodeState): NodeRole => {
  switch (state.election.role.kind) {
    case "leader":
      return "leader";
    case "candidate":
      return "candidate";
    case "follower":
    case "asking":
      return "follower";
  }
};

type Figures = Omit<NodeView, "id" | "address" | "state" | "role" | "heartbeatMs" | "roundTripMs">;

const figuresOf = (load: LoadReport | null): Figures => ({
  inFlight: load?.inFlight ?? null,
  load: load === null ? null : shownLoad(load),
  cpu: load?.cpu ?? null,
  memory: load?.memory ?? null,
  lagMs: load?.lagMs ?? null,
  images: load?.images ?? null,
  payloadBytes: load?.payloadBytes ?? null,
  diskFreeBytes: load === null || load.diskFreeBytes === Number.MAX_SAFE_INTEGER ? null : load.diskFreeBytes,
  uptimeMs: load?.uptimeMs ?? null,
  drained: load?.drained ?? null,
  readOnly: load?.readOnly ?? null,
  uploadsPerSecond: load?.uploadsPerSecond ?? null,
  uploadMsP50: load?.uploadMsP50 ?? null,
  uploadMsP99: load?.uploadMsP99 ?? null,
  rebuild: load?.rebuild ?? null,
  scrub: load?.scrub ?? null,
});

/** Our own row of the heartbeat matrix, and each peer's as its last ping told it. */
const linksOf = (state: NodeState, { now }: Moment): readonly LinkView[] => {
  const links: LinkView[] = [];
  for (const peer of state.peers) {
    if (peer.id === state.setup.id) continue;
    links.push({
      from: state.setup.id,
      to: peer.id,
      silenceMs: peer.ping === null ? null : now - peer.heardAt,
      roundTripMs: peer.roundTripMs,
    });
    for (const row of peer.ping?.silenceMs ?? []) {
      links.push({ from: peer.id, to: row.id, silenceMs: row.ms, roundTripMs: row.roundTripMs });
    }
  }
  return links;
};
