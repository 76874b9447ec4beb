/** Answering whose certificates this node knows, and learning those that the other nodes know. */
import { fault } from "../model/faults.ts";
import type { NodeId, UserName } from "../model/ids.ts";
import { usersPageMax } from "../model/limits.ts";
import type { User, Users } from "../model/messages.ts";
import { after } from "../model/units.ts";
import type { Connection } from "./connection.ts";
import { type Directory, digestOf } from "./directory.ts";
import { RefusedError, replyFrom, withPeer } from "./exchange.ts";
import type { NodeContext } from "./node-context.ts";
import { refuse } from "./refuse.ts";
import type { Service } from "./serve.ts";
import { learnRevocations } from "./serve-revocations.ts";

export const serveUser = async (
  directory: Directory,
  connection: Connection,
  { name }: User,
): Promise<void> => {
  const certificate = directory.find(name);
  if (certificate === null) return refuse(connection, fault("USER_NOT_FOUND", { name }));
  return connection.send({ kind: "user.found", certificate });
};

export const serveUsers = async (
  directory: Directory,
  connection: Connection,
  { digest, after }: Users,
): Promise<void> => {
  const page = digest === directory.digest ? { users: [], more: false } : directory.page(after, usersPageMax);
  return connection.send({ kind: "users.page", ...page });
};

/** How often one other node is asked whom it has met; with three nodes a certificate is everywhere after twice that. */
const acquaintMs = 2_000;

/** Until one has answered for the first time: a node that was away, or has lost its disk, should not stay trusting for long. */
const firstMs = 250;

/**
 * Asks one peer after the other, for as long as the node lives: first who is revoked, then whom it has met. Returns how
 * to stop.
 */
export const keepAcquainted = (
  context: NodeContext,
  { directory, doorkeeper }: Pick<Service, "directory" | "doorkeeper">,
): (() => void) => {
  const { clock, driver, self } = context;
  let turn = 0;
  let cancel = (): void => undefined;
  let stopped = false;
  let heard = false;
  const ask = async (): Promise<void> => {
    const peers = driver.live().filter((node) => node !== self);
    const peer = peers[turn++ % Math.max(1, peers.length)];
    // One that does not answer is asked again when it is its turn.
    if (peer !== undefined && (await learnRevocations(context, doorkeeper, peer)).ok) heard = true;
    if (peer !== undefined && !directory.full) await learnFrom(context, directory, peer);
    wait();
  };
  const wait = (): void => {
    const waitMs = heard ? acquaintMs : firstMs;
    if (!stopped) cancel = clock.at(after(clock.monotonic(), waitMs), () => void ask());
  };
  wait();
  return () => {
    stopped = true;
    cancel();
  };
};

/** Enters whom `peer` knows otherwise, or alone. A certificate that does not prove itself is passed over. */
export const learnFrom = (context: NodeContext, directory: Directory, peer: NodeId) =>
  withPeer(context, peer, async (connection) => {
    let from: UserName | null = null;
    for (;;) {
      await connection.send({ kind: "users", digest: directory.digest, after: from });
      const { users, more } = await replyFrom(connection, ["users.page"]);
      for (const { name, digest } of users) {
        const known = directory.find(name);
        if (known === null || digestOf(known) !== digest) await ask(connection, directory, name);
        from = name;
      }
      if (!more || users.length === 0) return;
    }
  });

const ask = async (connection: Connection, directory: Directory, name: UserName): Promise<void> => {
  await connection.send({ kind: "user", name });
  try {
    const { certificate } = await replyFrom(connection, ["user.found"]);
    directory.enter(certificate);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
  }
};
