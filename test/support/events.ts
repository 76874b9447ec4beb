/**
 * One event of every kind, with how loud it is and the sentence that is written for it, as said by node 3.
 */
import type { Event, Level } from "../../core/model/events.ts";
import { fault } from "../../core/model/faults.ts";
import { boot, nodeId, storeId, term, userNameOf } from "../../core/model/ids.ts";
import { idOf } from "./records.ts";

export const me = nodeId(3);
const image = idOf(1);
const short = image.slice(-8);
const full = fault("DISK_FULL", { path: "/data", freeBytes: 0 });

/** What is written for each kind of event, and how loudly. The type leaves no kind out. */
export const eventLines: {
  readonly [Kind in Event["kind"]]: readonly [Extract<Event, { kind: Kind }>, Level, string];
} = {
  "node.started": [
    { kind: "node.started", boot: boot(4), store: storeId("0".repeat(32)), address: "h:1" },
    "info",
    "Node 3: started (boot 4), will listen on h:1",
  ],
  "node.listening": [{ kind: "node.listening", address: "h:1" }, "info", "Node 3 listening on h:1"],
  "node.stopped": [{ kind: "node.stopped" }, "info", "Node 3: stopped in good order"],
  "election.started": [
    { kind: "election.started", term: term(4), reason: "leader-dead" },
    "info",
    "Node 3: I ask for votes for term 4, because the leader is dead",
  ],
  "vote.granted": [
    { kind: "vote.granted", term: term(4), to: nodeId(2) },
    "debug",
    "Node 3: I vote for node 2 in term 4",
  ],
  "vote.refused": [
    { kind: "vote.refused", term: term(4), to: nodeId(2), reason: "already-voted" },
    "debug",
    "Node 3: no vote for node 2 in term 4: I voted for another",
  ],
  "leader.elected": [
    { kind: "leader.elected", term: term(4), leader: me },
    "info",
    "Node 3: I am the new leader (term 4)",
  ],
  "leaderless.ended": [
    { kind: "leaderless.ended", term: term(4), leaderlessMs: 48.4 },
    "info",
    "Node 3: nobody led for 48 ms; term 4 has begun",
  ],
  "leader.stepped-down": [
    { kind: "leader.stepped-down", term: term(4), reason: "lease-lost" },
    "info",
    "Node 3: I no longer lead term 4: a majority no longer answers",
  ],
  "leader.handed-over": [
    { kind: "leader.handed-over", term: term(4), to: nodeId(2) },
    "info",
    "Node 3: I hand over to node 2 after term 4",
  ],
  "leader.lost": [
    { kind: "leader.lost", term: term(4), leader: nodeId(2), silenceMs: 310.6 },
    "warn",
    "Node 3: leader 2 of term 4 silent for 311 ms",
  ],
  "node.up": [{ kind: "node.up", peer: nodeId(2) }, "info", "Node 3: node 2 is up"],
  "node.suspect": [
    { kind: "node.suspect", peer: nodeId(2), silenceMs: 200.2 },
    "warn",
    "Node 3: node 2 silent for 200 ms, no new work for it",
  ],
  "node.down": [
    { kind: "node.down", peer: nodeId(2), reason: "refused" },
    "warn",
    "Node 3: node 2 is down: it refuses connections",
  ],
  "quorum.lost": [
    { kind: "quorum.lost", live: 1, needed: 2 },
    "warn",
    "Node 3: quorum lost: 1 live, 2 needed; nothing is written until they return",
  ],
  "quorum.regained": [
    { kind: "quorum.regained", live: 2, needed: 2 },
    "info",
    "Node 3: quorum regained: 2 live, 2 needed",
  ],
  "request.assigned": [
    { kind: "request.assigned", request: image, to: nodeId(1), term: term(4) },
    "debug",
    `Node 3: request ${short} goes to node 1 (term 4)`,
  ],
  "image.stored": [
    { kind: "image.stored", image, bytes: 5, copies: 2, ms: 1.26, assignedBy: "leader" },
    "info",
    `Node 3: stored image ${short}, 5 B, 2 copies, 1.3 ms`,
  ],
  "image.refused": [
    { kind: "image.refused", image, fault: full },
    "warn",
    `Node 3: refused ${short}: the disk at /data is full (0 B free)`,
  ],
  "image.inspected": [
    { kind: "image.inspected", image, verdict: "ok", ms: 7 },
    "info",
    `Node 3: decoded ${short}: ok, 7.0 ms`,
  ],
  "copy.dropped": [
    { kind: "copy.dropped", image, home: nodeId(1), fault: full },
    "warn",
    `Node 3: node 1 dropped as a home of ${short}: the disk at /data is full (0 B free)`,
  ],
  "copy.made": [
    { kind: "copy.made", image, from: nodeId(1), bytes: 9 },
    "info",
    `Node 3: copied image ${short} from node 1, 9 B; one more copy of it is safe`,
  ],
  "copy.missing": [
    { kind: "copy.missing", image, fault: full },
    "warn",
    `Node 3: no copy of image ${short} to be had (the disk at /data is full (0 B free)); this node no longer counts as its home`,
  ],
  "clock.differed": [
    { kind: "clock.differed", peer: nodeId(2), aheadMs: -2_500 },
    "warn",
    "Node 3: the clock of node 2 is 2.5 s behind mine; set both: timedatectl set-ntp true",
  ],
  "clock.agreed": [
    { kind: "clock.agreed", peer: nodeId(2), aheadMs: 5 },
    "info",
    "Node 3: the clock of node 2 agrees with mine again",
  ],
  "lead.moved": [
    { kind: "lead.moved", to: nodeId(2), by: userNameOf("operator") },
    "info",
    "Node 3: operator wants node 2 to lead",
  ],
  "node.drained": [
    { kind: "node.drained", by: userNameOf("operator") },
    "info",
    "Node 3: drained by operator: it gets no new images and leads only if nobody else can",
  ],
  "node.undrained": [
    { kind: "node.undrained", by: userNameOf("operator") },
    "info",
    "Node 3: no longer drained, says operator: it gets new images",
  ],
  "process.handled": [
    { kind: "process.handled", act: "kill", by: "operator" },
    "warn",
    "Node 3: killed by operator",
  ],
  "disk.filled": [
    { kind: "disk.filled", fault: full },
    "warn",
    "Node 3: the disk at /data is full (0 B free), below its headroom; this node takes no new images",
  ],
  "disk.freed": [{ kind: "disk.freed" }, "info", "Node 3: the disk has room again; this node takes images"],
  "records.pulled": [
    { kind: "records.pulled", from: nodeId(1), records: 8 },
    "debug",
    "Node 3: pulled 8 records from node 1",
  ],
  "records.compared": [
    { kind: "records.compared", peer: nodeId(1), records: 8 },
    "debug",
    "Node 3: compared digests with node 1; 8 records were news",
  ],
  "segment.compacted": [
    { kind: "segment.compacted", segment: "ab".repeat(16) },
    "debug",
    "Node 3: segment abababab was mostly dead and is gone; its space is free",
  ],
  "segment.mended": [
    { kind: "segment.mended", segment: "ab".repeat(16) },
    "warn",
    "Node 3: the log in segment abababab was damaged; what lives in it was moved, and it is gone",
  ],
  "scrub.found": [
    { kind: "scrub.found", image, payload: true },
    "warn",
    `Node 3: the copy of image ${short} on this disk is damaged; it is set aside and fetched again`,
  ],
  "scrub.ended": [
    { kind: "scrub.ended", checked: 40, bad: 1, ms: 2_340 },
    "info",
    "Node 3: checked 40 images in 2.3 s, 1 of them damaged",
  ],
  "disk.born": [
    { kind: "disk.born", generation: 1 },
    "info",
    "Node 3: this disk is new, like those of all nodes; the cluster is born",
  ],
  "disk.confirmed": [
    { kind: "disk.confirmed" },
    "info",
    "Node 3: this disk is what the others remember; the node votes and answers",
  ],
  "disk.rebuilding": [
    { kind: "disk.rebuilding" },
    "warn",
    "Node 3: this disk is empty and the others are not; it is refilled before the node votes or answers",
  ],
  "disk.outdated": [
    { kind: "disk.outdated", reason: "node 1 remembers its change 9, on this disk are 7" },
    "warn",
    "Node 3: this disk is old: node 1 remembers its change 9, on this disk are 7; it is set aside and refilled",
  ],
  "disk.waiting": [
    { kind: "disk.waiting", nodes: [nodeId(1), nodeId(2)] },
    "info",
    "Node 3: waiting for nodes 1 and 2 to say what they know of this disk; the first time all nodes have to come",
  ],
  "disk.still-waiting": [
    { kind: "disk.still-waiting", nodes: [nodeId(1)] },
    "warn",
    "Node 3: still waiting for node 1; if it will never come back, and only then: distinsta server 3 --accept-loss",
  ],
  "disk.lost": [
    { kind: "disk.lost" },
    "warn",
    "Node 3: all disks are empty, and one took the place of a damaged one: look at what is set aside, or begin anew: distinsta server 3 --accept-loss",
  ],
  "disk.set-aside": [
    { kind: "disk.set-aside", path: "/data/set-aside", reason: "a batch is missing" },
    "warn",
    "Node 3: what was on this disk is at /data/set-aside until it is refilled, because a batch is missing",
  ],
  "disk.refilled": [
    { kind: "disk.refilled", records: 12, ms: 1_250 },
    "info",
    "Node 3: refilled 12 records in 1.3 s; copies of images follow",
  ],
  "scrub.begun": [
    { kind: "scrub.begun", by: userNameOf("ops") },
    "info",
    "Node 3: ops has the background check of this disk run now",
  ],
  "scrub.paused": [
    { kind: "scrub.paused", by: userNameOf("ops") },
    "info",
    "Node 3: ops has the background check of this disk wait",
  ],
  "users.revoked": [
    { kind: "users.revoked", number: 3, users: 2, closed: 1, by: "operator ops" },
    "info",
    "Node 3: list 3 of the revoked came from operator ops: 2 users are on it; 1 connection was closed",
  ],
  "peer.rejected": [
    { kind: "peer.rejected", remote: "h:9", fault: fault("BUSY", { what: "connections" }) },
    "warn",
    "Node 3: closed the connection from h:9: too much at once: connections",
  ],
  "disk.failed": [
    { kind: "disk.failed", fault: full },
    "error",
    "Node 3: disk failed: the disk at /data is full (0 B free); this node takes no more work",
  ],
};

export const everyEvent: readonly Event[] = Object.values(eventLines).map(([event]) => event);
