/**
 * The console of a cluster that runs elsewhere, over connections of somebody who may look: `dashboard` and
 * `status --watch`. Where there is no terminal, the same as lines.
 */
import type { Credentials } from "../../core/io/pki/credentials.ts";
import { commandFor } from "../../core/io/pki/places.ts";
import type { ClusterConfig } from "../../core/model/config.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import type { ConsoleCrew } from "../../ui/run.ts";
import { onTerminal, type Settings } from "../settings.ts";
import { type Hub, openHub } from "./hub.ts";
import { openConsole } from "./open.ts";

export interface FromAfar {
  readonly settings: Settings;
  readonly config: ClusterConfig;
  readonly subtitle: string;
  readonly readOnly: boolean;
  /** Whose connections; throws what is missing. */
  readonly credentials: () => Promise<Credentials>;
}

export const runFromAfar = async (wish: FromAfar): Promise<ExitCode> => {
  const { settings, config, subtitle, readOnly } = wish;
  const hub = openHub();
  const start = commandFor(settings.data, "server ID");
  const console = { settings, config, subtitle, source: hub, start, readOnly, leaves: null };
  if (!onTerminal()) {
    const links = await follow(wish, hub);
    try {
      const { runPlain } = await import("./plain.ts");
      return await runPlain(console);
    } finally {
      links.close();
    }
  }
  const { exit, crew } = await openConsole(console, () => gatherAfar(wish, hub));
  await crew?.hangUp();
  return exit.exit === "failed" ? 1 : 0;
};

const follow = async ({ config, credentials }: FromAfar, hub: Hub) => {
  const { openSession } = await import("../../core/io/client/session.ts");
  const { systemClock } = await import("../../core/io/clock.ts");
  const { followInto } = await import("./servers.ts");
  const session = openSession(config, await credentials(), systemClock());
  const unfollow = followInto(hub, session);
  return {
    session,
    close: () => {
      unfollow();
      session.pool.close();
    },
  };
};

interface CrewAfar extends ConsoleCrew {
  hangUp(): Promise<void>;
}

const gatherAfar = async (wish: FromAfar, hub: Hub): Promise<CrewAfar> => {
  const links = await follow(wish, hub);
  try {
    const { consoleActs, noActs } = await import("./acts.ts");
    const { clientHere } = await import("./client-here.ts");
    const client = await clientHere(wish.settings, wish.config, wish.readOnly ? "only-reading" : "all");
    const hangUp = async (): Promise<void> => {
      links.close();
      await client.close();
    };
    return { client, acts: wish.readOnly ? noActs : consoleActs(links.session, null), hangUp };
  } catch (error) {
    links.close();
    throw error;
  }
};
