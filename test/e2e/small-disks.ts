/** Disks of a few megabytes under the nodes of a site, and somebody else who fills them. */
import { appendFileSync, mkdirSync, rmSync, statfsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RunOptions } from "./lab.ts";
import type { Site } from "./site.ts";

/** A disk of its own for a node's images; it is gone with the process. */
export const smallDisk = (site: Site, id: number, megabytes: number): RunOptions => {
  const folder = join(site.place(id), ".distinsta/nodes");
  mkdirSync(folder, { recursive: true });
  return {
    within: ["sh", "-c", `mount -t tmpfs -o size=${megabytes}m tmpfs "$0" && exec "$@"`, folder],
  };
};

/** Leaves so many bytes on it. */
export const fillDisk = (site: Site, id: number, leftBytes: number): void => {
  const filler = fillerOf(site, id);
  const { bavail, bsize } = statfsSync(dirname(filler));
  appendFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - leftBytes)));
};

/** Nobody fills it any more. */
export const makeRoom = (site: Site, id: number): void => rmSync(fillerOf(site, id));

/** Where a file on that disk is, as the node itself sees it. */
const fillerOf = (site: Site, id: number): string =>
  join(`/proc/${site.node(id).pid}/root`, site.place(id), ".distinsta/nodes/filler");
