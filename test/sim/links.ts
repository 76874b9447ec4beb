/**
 * What simulated processes notice of each other's connections: they open when both ends are there and the way
 * is free, close when an end goes, and are refused while nothing listens there.
 */
import type { NodeId } from "../../core/model/ids.ts";
import type { LinkEvent } from "../../core/ports.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";

export interface LinksOptions {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly network: Network;
  readonly ids: readonly NodeId[];
  readonly isAlive: (id: NodeId) => boolean;
  readonly tell: (to: NodeId, event: LinkEvent) => void;
}

export interface Links {
  /** A process has begun: it and those that it can reach connect. */
  rose(id: NodeId): void;
  /** A process has ended. */
  fell(id: NodeId): void;
  /** Everybody who is there connects to everybody anew. */
  reconnect(): void;
}

export const createLinks = ({ scheduler, random, network, ids, isAlive, tell }: LinksOptions): Links => {
  const reaches = (a: NodeId, b: NodeId): boolean => a !== b && !network.isCut(a, b) && !network.isCut(b, a);
  const later = (msMin: number, msMax: number, act: () => void): void =>
    scheduler.at(scheduler.now() + random.between(msMin, msMax), act);
  const rose = (id: NodeId): void => {
    for (const peer of ids) {
      if (!reaches(id, peer) || !isAlive(peer)) continue;
      tell(peer, { kind: "link.opened", peer: id });
      tell(id, { kind: "link.opened", peer });
    }
  };
  return {
    rose,
    fell: (id) => {
      for (const peer of ids) {
        if (!reaches(id, peer) || !isAlive(peer)) continue;
        later(0.2, 3, () => tell(peer, { kind: "link.closed", peer: id }));
        // The next attempt to connect; by then there may be a new process.
        later(3, 25, () => {
          if (!isAlive(id) && reaches(id, peer)) tell(peer, { kind: "link.refused", peer: id });
        });
      }
    },
    reconnect: () => {
      for (const to of ids) for (const peer of ids) if (to !== peer) tell(to, { kind: "link.opened", peer });
    },
  };
};
