import { once } from "node:events";
import * as net from "node:net";
import { expect, test } from "vitest";
import { portHolder } from "../../../core/io/port-holder.ts";

test.runIf(process.platform === "linux")(
  "names the process that listens on a port, on IPv4 and IPv6",
  async () => {
    for (const host of ["127.0.0.1", "::1"]) {
      const server = net.createServer().listen(0, host);
      await once(server, "listening");
      const { port } = server.address() as net.AddressInfo;
      expect(portHolder(port)).toMatch(new RegExp(`^.+ \\(pid ${process.pid}\\)$`));
      server.close();
      await once(server, "close");
      expect(portHolder(port)).toBeNull();
    }
  },
);
