/**
 * Are the ports free on which a cluster of this machine is to listen? Found out before anything is written, so that a
 * start that fails of it leaves nothing behind that another command would read.
 */
import { createServer } from "node:net";
import { portHolder } from "../../core/io/port-holder.ts";
import { formatAddress, type ServerAddress } from "../../core/model/config.ts";
import { type Fault, fault } from "../../core/model/faults.ts";

/** ADDRESS_IN_USE for the first that is taken; null when none is. What else may be wrong, the nodes find out. */
export const takenAddress = async (servers: readonly ServerAddress[]): Promise<Fault | null> => {
  for (const server of servers) {
    if (!(await isTaken(server))) continue;
    return fault("ADDRESS_IN_USE", { address: formatAddress(server), holder: portHolder(server.port) });
  }
  return null;
};

const isTaken = ({ host, port }: ServerAddress): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "EADDRINUSE"));
    probe.listen({ host, port, exclusive: true }, () => probe.close(() => resolve(false)));
  });
