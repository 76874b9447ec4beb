/** All facts for the doctor, gathered at once and within seconds, whatever does not answer. */
import type { Facts } from "../../decide/doctor/facts.ts";
import type { ClusterConfig } from "../../model/config.ts";
import { systemClock } from "../clock.ts";
import { bestOf, findCredentials } from "../pki/found.ts";
import { sayPeer } from "../pki/identity.ts";
import { isAllLoopback } from "../pki/local.ts";
import { commandFor, operatorCredentials } from "../pki/places.ts";
import { portHolder } from "../port-holder.ts";
import { programVersion } from "../version.ts";
import { lookAtCredentials, lookAtDisks, ownAddresses } from "./machine.ts";
import { probe } from "./probe.ts";

export interface Patient {
  readonly data: string;
  readonly configPath: string;
  readonly config: ClusterConfig;
}

/** As `engines` in package.json says; a test holds the two together. */
export const nodeVersionMin = "24.15.0";

/** Never rejects because of anything that can be wrong with a machine or a network. */
export const examine = async ({ data, configPath, config }: Patient): Promise<Facts> => {
  const clock = systemClock();
  const now = clock.wall();
  const found = await findCredentials(data, config, now);
  const best = bestOf(found);
  const own = ownAddresses();
  const servers = await Promise.all(
    config.servers.map(async (server) => {
      const { resolved, reach } = await probe(server, { config, credentials: best, clock });
      const isHere = resolved.some((address) => own.has(address));
      return {
        server,
        resolved,
        reach,
        isHere,
        isLoopback: isAllLoopback({ servers: [server] }),
        holder: isHere ? portHolder(server.port) : null,
      };
    }),
  );
  return {
    now,
    runtime: { version: process.versions.node, versionMin: nodeVersionMin },
    configPath,
    config,
    servers,
    isAllLoopback: isAllLoopback(config),
    credentials: lookAtCredentials(data, found, now),
    credentialsCommand: [
      `for a user: ${commandFor(data, "user request NAME")}`,
      `for a node or an operator: ${operatorCredentials(data).command}`,
    ].join("; "),
    disks: lookAtDisks(data, config),
    dataOption: commandFor(data, "").slice("distinsta ".length),
    askedAs: best === null ? null : sayPeer(best.peer),
    version: programVersion(),
  };
};
