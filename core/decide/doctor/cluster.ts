/**
 * Checks that need the other machines: do they listen, can they be reached, are they the same program with the
 * same configuration and time, and is there a quorum with a leader?
 */
import { formatAddress } from "../../model/config.ts";
import { wordFault } from "../../model/faults.ts";
import { idAheadMsMax, skewMsMax } from "../../model/limits.ts";
import { sayNodes } from "../../model/say.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Answer, Facts, Finding, ServerFacts } from "./facts.ts";
import { bad, findingsOr, good, sayDuration, warning } from "./findings.ts";
import { notLookedAt } from "./machine.ts";

/** A node that is silent for less may be busy. */
const deafMsMin = 3_000;

/** Of each server: does something listen, and is it the right program? */
export const checkPorts = (facts: Facts): readonly Finding[] => {
  const problems = facts.servers.flatMap((each) => portProblem(each, facts));
  const reached = facts.servers.filter(({ reach }) => reach.kind === "answered" || reach.kind === "open");
  if (problems.length === 0 && reached.length === 0) return [notLookedAt("ports", "no node can be reached")];
  const ids = reached.map(({ server }) => server.id);
  const unproved = facts.askedAs === null ? "; without credentials it was not seen whose they are" : "";
  return findingsOr(
    problems,
    "ports",
    `${sayNodes(ids)} accept${ids.length === 1 ? "s" : ""} connections${unproved}`,
  );
};

const portProblem = (each: ServerFacts, facts: Facts): readonly Finding[] => {
  const { server, reach, isHere, holder } = each;
  const where = formatAddress(server);
  const start = `distinsta server ${server.id}${isHere ? facts.dataOption : ""}`;
  if (reach.kind === "refused") {
    if (!isHere && heardByOthers(facts).has(server.id)) return [];
    const hint = isHere
      ? `type: ${start}`
      : `on its machine: ${start}; a firewall that rejects looks the same`;
    return [bad("ports", `nothing listens at ${where}: node ${server.id} is not running`, hint)];
  }
  if (reach.kind !== "failed") return [];
  const { fault } = reach;
  switch (fault.code) {
    case "TIMED_OUT":
    case "CONNECTION_LOST": {
      const message = `node ${server.id} (${where}) accepts connections and does not answer: ${wordFault(fault).what}`;
      return [
        bad("ports", message, "it may be frozen or overloaded; see on its machine: top; then start it again"),
      ];
    }
    case "WRONG_ROLE": {
      const message = `at ${where} answers ${fault.role}, not node ${server.id}`;
      return [bad("ports", message, "check which node was started on which machine, and config.toml")];
    }
    case "UNAUTHENTICATED": {
      const who = isHere && holder !== null ? `, it is ${holder}` : "";
      const message = `what listens at ${where} is not node ${server.id} of this cluster${who}: ${fault.reason}`;
      return [bad("ports", message, `stop that program, or correct the address; then: ${start}`)];
    }
    default:
      return [];
  }
};

/** Of each server: is there a way to it, from here and from every other? */
export const checkFirewall = (facts: Facts): readonly Finding[] => {
  const tried = facts.servers.filter(({ reach }) => reach.kind !== "unresolved");
  if (tried.length === 0) return [notLookedAt("firewall", "no node has an address")];
  const heard = heardByOthers(facts);
  const problems = tried.flatMap(({ server, reach, isHere }) => {
    const told = closedBy(reach);
    // Refused by a node that others hear: a firewall that rejects. On this machine it has just stopped.
    const isStopped = reach.kind === "refused" && (isHere || !heard.has(server.id));
    if (told === null || isStopped) return [];
    const why = heard.has(server.id)
      ? "other nodes hear it, so a firewall or the network keeps this machine away"
      : "a firewall keeps this machine away, or that machine is off or has another address";
    const message = `node ${server.id} cannot be reached at ${formatAddress(server)} (${told}): ${why}`;
    return [bad("firewall", message, openPort(server.id, server.port))];
  });
  const ways = `no firewall between this machine and ${sayNodes(tried.map(({ server }) => server.id))}`;
  return findingsOr([...problems, ...deafNodes(facts)], "firewall", ways);
};

const closedBy = (reach: ServerFacts["reach"]): string | null => {
  if (reach.kind === "silent") return `no answer within ${sayDuration(reach.ms)}`;
  if (reach.kind === "unreachable") return reach.reason;
  return reach.kind === "refused" ? "it refuses" : null;
};

/** What to type on the machine of a node so that others may connect to it. */
export const openPort = (node: number, port: number): string =>
  [
    `on the machine of node ${node}: sudo ufw allow ${port}/tcp`,
    `or: sudo firewall-cmd --permanent --add-port=${port}/tcp && sudo firewall-cmd --reload`,
    `or on Windows: netsh advfirewall firewall add rule name="distinsta ${node}" dir=in action=allow protocol=TCP localport=${port}`,
  ].join("; ");

interface Heard {
  readonly by: number;
  readonly of: number;
  readonly up: boolean;
  readonly silenceMs: number;
}

/** Who hears whom, as the nodes that answered say of themselves. */
const hearing = (facts: Facts): readonly Heard[] =>
  answers(facts).flatMap(({ id, status }) =>
    (status?.snapshot.nodes ?? [])
      .filter((node) => node.id !== id)
      .map(({ id: of, state, heartbeatMs }) => ({
        by: id,
        of,
        up: state === "up" || state === "rebuilding",
        silenceMs: heartbeatMs ?? Number.POSITIVE_INFINITY,
      })),
  );

const heardByOthers = (facts: Facts): ReadonlySet<number> =>
  new Set(hearing(facts).flatMap(({ of, up }) => (up ? [of] : [])));

/**
 * A node speaks over connections that it opens itself: one that is not heard cannot get in at the other's port.
 * What is silent only since a moment ago may be busy.
 */
const deafNodes = (facts: Facts): readonly Finding[] => {
  const answering = answers(facts);
  return hearing(facts).flatMap(({ by, of, silenceMs }) => {
    const other = answering.find(({ id }) => id === of);
    const self = answering.find(({ id }) => id === by);
    if (silenceMs < deafMsMin || other === undefined || self === undefined) return [];
    if (other.differs !== null || self.differs !== null) return [];
    const message = `node ${by} does not hear node ${of}, although both answer here`;
    return [bad("firewall", message, openPort(by, self.port))];
  });
};

/** Which line differs on which machine. */
export const checkConfiguration = (facts: Facts): readonly Finding[] => {
  const problems = facts.servers.flatMap(({ server, reach }) => {
    const differs = differenceOf(reach);
    if (differs === null) return [];
    const message = `${facts.configPath} differs from the one of node ${server.id} (${formatAddress(server)}): here ${differs.here.join(", ") || "nothing"}; there ${differs.there.join(", ") || "nothing"}`;
    return [
      bad(
        "configuration",
        message,
        "copy one config.toml to all machines, then start again where it changed",
      ),
    ];
  });
  const same = answers(facts).map(({ id }) => id);
  const servers = facts.servers.length;
  const parsed = `${facts.configPath}: ${servers} node${servers === 1 ? "" : "s"}, ${facts.config.replication} ${facts.config.replication === 1 ? "copy" : "copies"}`;
  return findingsOr(
    problems,
    "configuration",
    same.length === 0
      ? `${parsed}; no node answered, so it was compared to none`
      : `${parsed}; the same at ${sayNodes(same)}`,
  );
};

const differenceOf = (reach: ServerFacts["reach"]): Answer["differs"] => {
  if (reach.kind === "answered") return reach.differs;
  if (reach.kind !== "failed" || reach.fault.code !== "CONFIG_DIFFERS") return null;
  return { here: reach.fault.ours, there: reach.fault.theirs };
};

export const checkVersion = (facts: Facts): readonly Finding[] => {
  const problems = facts.servers.flatMap(({ server, reach }) => {
    if (
      reach.kind === "failed" &&
      (reach.fault.code === "VERSION_MISMATCH" || reach.fault.code === "PROTOCOL_VIOLATION")
    ) {
      const { what, hint } = wordFault(reach.fault);
      return [bad("version", `node ${server.id}: ${what}`, hint)];
    }
    if (reach.kind !== "answered" || reach.version === facts.version) return [];
    const message = `node ${server.id} runs distinsta ${reach.version}, this machine ${facts.version}`;
    return [warning("version", message, "install the same version on all machines, one after the other")];
  });
  const same = answers(facts).map(({ id }) => id);
  const where = same.length === 0 ? "here; no node answered" : `here and at ${sayNodes(same)}`;
  return findingsOr(problems, "version", `distinsta ${facts.version} ${where}`);
};

/** Against this machine's clock, and the nodes' among each other. */
export const checkClock = (facts: Facts): readonly Finding[] => {
  const clocks = answers(facts).flatMap(({ id, status }) => (status === null ? [] : [{ id, ...status }]));
  if (clocks.length === 0) return [notLookedAt("clock", unanswered(facts))];
  // An answer may have waited on one way only: what half the round trip can explain is no skew.
  const sure = ({ aheadMs, roundTripMs }: { readonly aheadMs: number; readonly roundTripMs: number }) =>
    Math.max(0, Math.abs(aheadMs) - roundTripMs / 2);
  const off = clocks.filter((clock) => sure(clock) > skewMsMax);
  // When all agree with each other and none with us, it is us.
  const spread = Math.max(...clocks.map((c) => c.aheadMs)) - Math.min(...clocks.map((c) => c.aheadMs));
  if (off.length === clocks.length && spread <= skewMsMax && clocks.length > 1) {
    const aheadMs = -(clocks[0]?.aheadMs ?? 0);
    return [
      clockFinding("this machine's clock", "all nodes'", { aheadMs, where: "here", refusing: aheadMs > 0 }),
    ];
  }
  const worst = Math.max(...clocks.map(sure));
  return findingsOr(
    off.map((clock) =>
      clockFinding(`the clock of node ${clock.id}`, "this machine's", {
        aheadMs: clock.aheadMs,
        where: `on the machine of node ${clock.id}`,
        refusing: clock.aheadMs < 0,
      }),
    ),
    "clock",
    `${sayNodes(clocks.map(({ id }) => id))} agree${clocks.length === 1 ? "s" : ""} with this machine's within ${sayDuration(worst + 50)}`,
  );
};

/** `refusing`: the side that is ahead uploads to the other, which refuses ids from the future. */
const clockFinding = (
  whose: string,
  than: string,
  {
    aheadMs,
    where,
    refusing,
  }: { readonly aheadMs: number; readonly where: string; readonly refusing: boolean },
): Finding => {
  const message = `${whose} is ${sayDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? "ahead of" : "behind"} ${than}`;
  const hint = `set it right ${where}: sudo timedatectl set-ntp true`;
  if (Math.abs(aheadMs) <= idAheadMsMax) return warning("clock", message, hint);
  const what = refusing ? "uploads from here are refused" : "images and changes are dated wrongly";
  return bad("clock", `${message}: ${what}`, hint);
};

export const checkQuorum = (facts: Facts): readonly Finding[] => {
  const snapshot = bestSnapshot(facts);
  if (snapshot === null) return [notLookedAt("quorum", unanswered(facts))];
  const { quorum, leader, term, tolerance, nodes } = snapshot;
  const down = nodes.filter(({ state }) => state === "down").map(({ id }) => id);
  const start = startingOf(down, facts);
  if (!quorum.ok) {
    const message = `${quorum.live} of ${nodes.length} nodes live, ${quorum.needed} are needed: nothing can be written`;
    return [bad("quorum", message, start)];
  }
  if (leader === null)
    return [
      bad(
        "quorum",
        `${quorum.live} of ${nodes.length} nodes live, and no leader is elected`,
        "wait some seconds; if it stays so, see what the nodes log about elections",
      ),
    ];
  const rebuilding = nodes.filter(({ state }) => state === "rebuilding").map(({ id }) => id);
  const message = `node ${leader} leads term ${term}; ${quorum.live} of ${nodes.length} nodes live`;
  if (rebuilding.length > 0)
    return [
      warning(
        "quorum",
        `${message}; ${sayNodes(rebuilding)} rebuilding`,
        "wait until distinsta status shows all nodes up",
      ),
    ];
  if (tolerance === 0 && nodes.length > 2)
    return [
      warning(
        "quorum",
        `${message}; none more may stop`,
        down.length > 0 ? start : "wait until all copies are made: distinsta status",
      ),
    ];
  const may = tolerance === 0 ? "none may stop" : `${tolerance} more may stop`;
  return [good("quorum", `${message}; ${may}`)];
};

/** Nodes that answer here and are down to others are kept apart by something that was said above. */
const startingOf = (down: readonly number[], facts: Facts): string => {
  const answering = new Set(answers(facts).map(({ id }) => id));
  const failing = facts.servers.filter(({ reach }) => reach.kind === "failed").map(({ server }) => server.id);
  const stopped = down.filter((id) => !answering.has(id) && !failing.some((other) => other === id));
  if (stopped.length === 0) return "mend what stands above, or wait some seconds: distinsta status";
  const where = stopped.length === 1 ? "on its machine" : "on the machine of each";
  return `start ${sayNodes(stopped)}, ${where}: ${stopped.map((id) => `distinsta server ${id}`).join(", ")}`;
};

interface Answered extends Answer {
  readonly id: number;
  readonly port: number;
}

const answers = ({ servers }: Facts): readonly Answered[] =>
  servers.flatMap(({ server, reach }) =>
    reach.kind === "answered" ? [{ ...reach, id: server.id, port: server.port }] : [],
  );

/** Of who leads, else of who hears most. */
const bestSnapshot = (facts: Facts): Snapshot | null => {
  const snapshots = answers(facts).flatMap(({ status }) => (status === null ? [] : [status.snapshot]));
  const rank = (snapshot: Snapshot) =>
    (snapshot.leader === snapshot.observer ? 1_000 : 0) + snapshot.quorum.live;
  return snapshots.toSorted((a, b) => rank(b) - rank(a))[0] ?? null;
};

const unanswered = ({ askedAs, servers }: Facts): string =>
  askedAs === null && servers.some(({ reach }) => reach.kind === "open")
    ? "it needs usable credentials of a node, a user or an operator"
    : "no node answered";
