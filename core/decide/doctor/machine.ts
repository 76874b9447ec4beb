/**
 * Checks that concern this machine alone: runtime, addresses, certificates, disk.
 */
import { formatAddress } from "../../model/config.ts";
import { type FaultCode, sayBytes, wordFault } from "../../model/faults.ts";
import { sayNodes } from "../../model/say.ts";
import type { CredentialFacts, Facts, Finding, ServerFacts } from "./facts.ts";
import { bad, findingsOr, good, sayDuration, unknown, warning } from "./findings.ts";

/** A certificate that ends sooner than this is told. */
export const endingMsMax = 30 * 86_400_000;

export const checkRuntime = ({ runtime }: Facts): readonly Finding[] => {
  const { version, versionMin } = runtime;
  if (isAtLeast(version, versionMin)) return [good("runtime", `Node ${version}`)];
  const hint = "run distinsta from its checkout after: npm run setup";
  return [bad("runtime", `Node ${version} is too old, ${versionMin} is needed`, hint)];
};

const isAtLeast = (version: string, min: string): boolean => {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [majorMin = 0, minorMin = 0] = min.split(".").map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
};

export const checkAddresses = ({ servers, isAllLoopback, configPath }: Facts): readonly Finding[] => {
  const problems = servers.flatMap(({ server, reach, isLoopback }) => {
    if (reach.kind === "unresolved") {
      const hint = `write the machine's IP address for node${server.id} in ${configPath}, or see: getent hosts ${server.host}`;
      return [
        bad(
          "addresses",
          `the name '${server.host}' of node ${server.id} has no address: ${reach.reason}`,
          hint,
        ),
      ];
    }
    if (isAllLoopback || !isLoopback) return [];
    const hint = `write the address under which the other machines reach node${server.id} in ${configPath}, on all machines; see: ip -brief addr`;
    return [
      bad("addresses", `${server.host} of node ${server.id} means another machine on each machine`, hint),
    ];
  });
  const here = servers.filter(({ isHere }) => isHere).map(({ server }) => server.id);
  const whose = here.length === 0 ? "none is this machine's" : `${sayNodes(here)} on this machine`;
  const all = servers.map(({ server }) => formatAddress(server)).join(", ");
  return findingsOr([...problems, ...sharedAddresses(servers)], "addresses", `${all}; ${whose}`);
};

/** Two names may mean one place, which only resolving them shows. */
const sharedAddresses = (servers: readonly ServerFacts[]): readonly Finding[] =>
  servers.flatMap((one, index) =>
    servers.slice(index + 1).flatMap((other) => {
      const shared = one.resolved.find((address) => other.resolved.includes(address));
      if (shared === undefined || one.server.port !== other.server.port) return [];
      const message = `nodes ${one.server.id} and ${other.server.id} have one address: ${formatAddress({ host: shared, port: one.server.port })}`;
      return [bad("addresses", message, "give each node an address or a port of its own")];
    }),
  );

export const checkCertificates = (facts: Facts): readonly Finding[] => {
  const { credentials, isAllLoopback, credentialsCommand, now, dataOption } = facts;
  if (credentials.length === 0 && isAllLoopback)
    return [
      good(
        "certificates",
        "none yet; they are made at the first start, because all nodes are on this machine",
      ),
    ];
  if (credentials.length === 0)
    return [bad("certificates", "this data folder holds no certificate", credentialsCommand)];
  const problems = [
    ...credentials.flatMap((each) => problemsOf(each, now, dataOption)),
    ...severalClusters(credentials),
    ...missingNodes(facts),
    ...refusedBy(facts),
  ];
  const soonest = Math.min(...credentials.map(({ until }) => until ?? Number.POSITIVE_INFINITY));
  const who = credentials.map((each) => each.who).join(", ");
  return findingsOr(problems, "certificates", `${who}; the first ends in ${sayDuration(soonest - now)}`);
};

const problemsOf = (each: CredentialFacts, now: number, dataOption: string): readonly Finding[] => {
  if (each.fault !== null) {
    const { what, hint } = wordFault(each.fault);
    return [
      bad("certificates", what, each.fault.code === "CREDENTIALS_EXPIRED" ? renewal(each, dataOption) : hint),
    ];
  }
  const problems = each.openSecrets.map((path) =>
    bad("certificates", `${path} can be read by others than its owner`, `type: chmod 600 ${path}`),
  );
  if (each.until === null || each.until - now > endingMsMax) return problems;
  const message = `the certificate of ${each.who} ends in ${sayDuration(each.until - now)}`;
  return [...problems, warning("certificates", message, renewal(each, dataOption))];
};

const renewal = ({ who, folder }: CredentialFacts, dataOption: string): string => {
  if (who === "the CA")
    return "found a new cluster in another folder and move the images: distinsta init --data DIR";
  if (!who.startsWith("user "))
    return `where the CA is kept: distinsta init, then copy the folder here: ${folder}`;
  const name = who.slice("user ".length);
  return `type: distinsta user request ${name}${dataOption}, have it signed where the CA is kept, and: distinsta user install ${name} FILE${dataOption}`;
};

const severalClusters = (credentials: readonly CredentialFacts[]): readonly Finding[] => {
  const usable = credentials.filter(({ cluster }) => cluster !== null);
  const [first, ...others] = usable;
  return others
    .filter(({ cluster }) => cluster !== first?.cluster)
    .map(({ who, folder }) =>
      bad(
        "certificates",
        `the certificate of ${who} is of another cluster than that of ${first?.who}`,
        `keep one cluster in one data folder: move ${folder} away`,
      ),
    );
};

/** A node that is to run on this machine and does not, perhaps because it cannot. */
const missingNodes = ({ servers, credentials, isAllLoopback }: Facts): readonly Finding[] => {
  if (isAllLoopback) return [];
  return servers
    .filter(({ isHere, isLoopback, server, reach }) => {
      const isMissing = !credentials.some(({ who }) => who === `node ${server.id}`);
      return isHere && !isLoopback && reach.kind === "refused" && isMissing;
    })
    .map(({ server }) =>
      bad(
        "certificates",
        `node ${server.id} is to run on this machine, and its certificate is not here`,
        `copy certificates/node${server.id} from where the CA is kept (distinsta init makes it)`,
      ),
    );
};

/** What only the other end could tell of a certificate; nodes that say the same are told together. */
const refusedBy = ({ servers }: Facts): readonly Finding[] => {
  const told = servers.flatMap(({ server, reach }) =>
    reach.kind === "failed" && certificateFaults.has(reach.fault.code)
      ? [{ id: server.id, ...wordFault(reach.fault) }]
      : [],
  );
  return [...Map.groupBy(told, ({ what }) => what)].map(([what, same]) =>
    bad("certificates", `${sayNodes(same.map(({ id }) => id))}: ${what}`, same[0]?.hint ?? ""),
  );
};

const certificateFaults: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "WRONG_CLUSTER",
  "CREDENTIALS_EXPIRED",
  "CREDENTIALS_REVOKED",
]);

export const checkDisk = (facts: Facts): readonly Finding[] => {
  const { disks, config } = facts;
  const { headroomBytes } = config.storage;
  const problems = disks.flatMap(({ folder, writable, freeBytes }) => {
    if (!writable) {
      const hint = `check owner and permissions, and that its disk is not mounted read-only: ls -ld ${folder}; findmnt -T ${folder}`;
      return [bad("disk", `${folder} cannot be written`, hint)];
    }
    if (freeBytes === null || freeBytes >= headroomBytes) return [];
    return [
      bad(
        "disk",
        `${folder} has ${sayBytes(freeBytes)} free, less than the ${sayBytes(headroomBytes)} of [storage] headroom_bytes: no node here takes new images`,
        `free space, or add a disk: df -h ${folder}`,
      ),
    ];
  });
  const first = disks[0];
  const message =
    first === undefined
      ? "no data folder"
      : `${first.folder} ${first.exists ? "is writable" : "can be made"}, ${sayBytes(first.freeBytes ?? 0)} free`;
  return findingsOr([...problems, ...remoteDisks(facts)], "disk", message);
};

/** Other machines' disks, as the nodes themselves report them. */
const remoteDisks = ({ servers, config }: Facts): readonly Finding[] =>
  servers.flatMap(({ server, reach, isHere }) => {
    if (isHere || reach.kind !== "answered" || reach.status === null) return [];
    const free = reach.status.snapshot.nodes.find(({ id }) => id === server.id)?.diskFreeBytes ?? null;
    if (free === null || free >= config.storage.headroomBytes) return [];
    const message = `node ${server.id} has ${sayBytes(free)} free, less than [storage] headroom_bytes: it takes no new images`;
    return [bad("disk", message, "on that machine free space, or add a disk: df -h")];
  });

export const notLookedAt = (check: Finding["check"], reason: string): Finding =>
  unknown(check, `not looked at: ${reason}`, "mend what stands above, and run distinsta doctor again");
