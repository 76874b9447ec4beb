/**
 * Several machines on one: network namespaces as hosts, with a switch between them.
 *
 * Each host has its own addresses, ports and firewall, so a node in it is as far from the others as on another
 * machine; only disk and clock are shared. The switch is a bridge in a namespace of its own, so that nothing is
 * seen outside, and all is gone when the namespaces are. Needs root, `ip` and, for firewalls, `nft`.
 */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";

export interface Machine {
  readonly address: string;
  /** What to put before a command so that it runs there. */
  readonly within: readonly string[];
  /** Pulls the cable, or puts it back. */
  plug(state: "up" | "down"): void;
  /** One more rule for what comes in, or goes out, in nft's language; the packets that fit no rule pass. */
  closeTo(rule: string, hook?: "input" | "output"): void;
  /** Takes all rules away. */
  open(): void;
}

export interface Network {
  readonly machines: readonly Machine[];
  /** Safe to call twice. Whatever still runs there must be ended before. */
  close(): void;
}

/** `count` hosts, 10.77.0.1, 10.77.0.2, …, all on one switch. */
export const openNetwork = (count: number): Network => {
  const run = randomBytes(4).toString("hex");
  const hub = `di-${run}-hub`;
  const names = Array.from({ length: count }, (_, index) => `di-${run}-${index + 1}`);
  const close = (): void => {
    for (const name of [...names, hub]) {
      try {
        ip("netns", "delete", name);
      } catch {
        // It was not made, or is gone.
      }
    }
  };
  try {
    for (const name of [hub, ...names]) ip("netns", "add", name);
    ip("-n", hub, "link", "add", "switch", "type", "bridge");
    ip("-n", hub, "link", "set", "switch", "up");
    const machines = names.map((name, index) => plugIn(name, hub, index + 1));
    return { machines, close };
  } catch (error) {
    close();
    throw error;
  }
};

const plugIn = (name: string, hub: string, host: number): Machine => {
  const address = `10.77.0.${host}`;
  const port = `port${host}`;
  ip("link", "add", "eth0", "netns", name, "type", "veth", "peer", "name", port, "netns", hub);
  ip("-n", hub, "link", "set", port, "master", "switch", "up");
  ip("-n", name, "address", "add", `${address}/24`, "dev", "eth0");
  ip("-n", name, "link", "set", "lo", "up");
  ip("-n", name, "link", "set", "eth0", "up");
  const within = ["ip", "netns", "exec", name];
  const nft = (...words: readonly string[]): void => execute([...within, "nft", ...words]);
  return {
    address,
    within,
    plug: (state) => ip("-n", hub, "link", "set", port, state),
    closeTo: (rule, hook = "input") => {
      nft("add", "table", "inet", "walls");
      nft("add", "chain", "inet", "walls", hook, `{ type filter hook ${hook} priority 0 ; }`);
      nft("add", "rule", "inet", "walls", hook, rule);
    },
    open: () => nft("flush", "ruleset"),
  };
};

const ip = (...words: readonly string[]): void => execute(["ip", ...words]);

const execute = ([command = "", ...words]: readonly string[]): void => {
  execFileSync(command, words, { stdio: ["ignore", "ignore", "pipe"] });
};
