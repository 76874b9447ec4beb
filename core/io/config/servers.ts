/**
 * The `[servers]` table: `node1 = "host:port"` … `node9`.
 *
 * The ids come from the names, run without gaps, and no two nodes share an address. Hosts are IPv4, IPv6 in
 * brackets, or names (RFC 1123 §2.1), and are kept in one canonical spelling, so that machines compare them
 * as text.
 */
import { isIPv4, isIPv6 } from "node:net";
import { formatAddress, type ServerAddress } from "../../model/config.ts";
import { nodeId, nodeIdMax } from "../../model/ids.ts";
import { gotOf, suggestionFor } from "./wording.ts";

export interface ServerProblem {
  /** The key at which it is told; null: the table. */
  readonly key: string | null;
  readonly problem: string;
}

export interface ServersRead {
  /** Sorted by id; meaningful only when there is no problem. */
  readonly servers: readonly ServerAddress[];
  /** How many nodes are named, with or without a good address. */
  readonly named: number;
  readonly problems: readonly ServerProblem[];
}

type Address = Pick<ServerAddress, "host" | "port">;

const keyForm = /^node([1-9]\d*)$/;
const wanted = '"host:port" with a port from 1 to 65535';
const example = 'node1 = "127.0.0.1:8001"';

export const readServers = (table: Readonly<Record<string, unknown>>): ServersRead => {
  const servers: ServerAddress[] = [];
  const ids: number[] = [];
  const problems: ServerProblem[] = [];
  for (const [key, value] of Object.entries(table)) {
    const id = Number(keyForm.exec(key)?.[1] ?? 0);
    const keyTrouble = troubleWithKey(key, id);
    if (keyTrouble !== null) {
      problems.push({ key, problem: keyTrouble });
      continue;
    }
    ids.push(id);
    const address = typeof value === "string" ? parseAddress(value) : wantAddress(value);
    if (typeof address === "string") problems.push({ key, problem: address });
    else servers.push({ id: nodeId(id), ...address });
  }
  servers.sort((one, other) => one.id - other.id);
  return { servers, named: ids.length, problems: [...problems, ...gapsIn(ids), ...sharedAddresses(servers)] };
};

/** `host:port` taken apart and spelled canonically, or what is wrong with it. */
export const parseAddress = (text: string): Address | string => {
  const parts = /^(?:\[(?<six>[^\]]*)\]|(?<name>[^:[\]]*)):(?<port>[1-9]\d{0,4})$/.exec(text)?.groups;
  const port = Number(parts?.port ?? 0);
  if (parts === undefined || port > 65_535) return wantAddress(text);
  const host = parts.six === undefined ? canonicalName(parts.name ?? "") : canonicalSix(parts.six);
  if (host === null) {
    return `${wantAddress(text)}; the host is an IPv4 address, an IPv6 address in brackets or a name`;
  }
  if (host === "0.0.0.0" || host === "::") {
    return `got ${gotOf(text)}, want the address under which the other machines reach this node`;
  }
  return { host, port };
};

const wantAddress = (got: unknown): string => `got ${gotOf(got)}, want ${wanted}`;

const troubleWithKey = (key: string, id: number): string | null => {
  if (id >= 1 && id <= nodeIdMax) return null;
  if (id > nodeIdMax)
    return `no such node, want node1 to node${nodeIdMax}: a cluster has at most ${nodeIdMax} nodes`;
  const names = Array.from({ length: nodeIdMax }, (_, index) => `node${index + 1}`);
  return `no such key, want node1 to node${nodeIdMax}${suggestionFor(key, names)}`;
};

const gapsIn = (ids: readonly number[]): readonly ServerProblem[] => {
  if (ids.length === 0) return [{ key: null, problem: `got no node, want at least one: ${example}` }];
  const highest = Math.max(...ids);
  return Array.from({ length: highest }, (_, index) => index + 1)
    .filter((id) => !ids.includes(id))
    .map((id) => ({
      key: null,
      problem: `node${id} is missing, want every id from node1 to node${highest}`,
    }));
};

const sharedAddresses = (servers: readonly ServerAddress[]): readonly ServerProblem[] => {
  const firstAt = new Map<string, number>();
  const problems: ServerProblem[] = [];
  for (const server of servers) {
    const place = formatAddress({ ...server, host: machineOf(server.host) });
    const first = firstAt.get(place);
    if (first === undefined) firstAt.set(place, server.id);
    else {
      problems.push({
        key: `node${server.id}`,
        problem: `got "${formatAddress(server)}", which is node${first} already, want an address of its own`,
      });
    }
  }
  return problems;
};

/** `localhost` is this machine, however it resolves: two nodes cannot share a port there. */
const machineOf = (host: string): string => (host === "localhost" || host === "::1" ? "127.0.0.1" : host);

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const nameLengthMax = 253;

/** An IPv4 address or a lower-case name; null when it is neither. A last label of digits would be a broken IPv4. */
const canonicalName = (host: string): string | null => {
  if (isIPv4(host)) return host;
  const name = host.toLowerCase();
  const labels = name.split(".");
  const isName = name.length <= nameLengthMax && labels.every((each) => label.test(each));
  return isName && !/^\d+$/.test(labels.at(-1) ?? "") ? name : null;
};

/** The spelling of RFC 5952, without brackets. A zone (`%eth0`) means something on one machine only. */
const canonicalSix = (host: string): string | null =>
  isIPv6(host) && !host.includes("%") ? new URL(`http://[${host}]`).hostname.slice(1, -1) : null;
