/**
 * How long nobody leads: after a start, after the leader was killed, after it was frozen.
 *
 * Whoever leads is killed, wherever the lead has gone by then.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { startBare } from "./bare-start.ts";
import { type Figure, nowMs } from "./figures.ts";
import { type Fleet, isOwnElection, nodeIds, openFleet, pauseMs, startFleet } from "./fleet.ts";
import type { Options } from "./options.ts";

/**
 * The window after which a higher node is handed the lead is longer than any run here, so that leaders change
 * only by what is done to them.
 */
export const noHandover = "stable_window_ms = 3_600_000";

/**
 * A link between nodes that lived less than a second is not dialed again at once; a leader is killed only when
 * its links are older, as those of a running cluster are.
 */
const settledMs = 1_050;

export const measureStart = async ({ starts, nodeArguments }: Options): Promise<readonly Figure[]> => {
  const values: number[] = [];
  const floor: number[] = [];
  const fleet = await openFleet({ cluster: noHandover, nodeArguments });
  try {
    // The first start makes the stores and warms the caches; it does not count.
    for (let turn = 0; turn <= starts; turn++) {
      const from = fleet.lines.length;
      const startedAtMs = nowMs();
      fleet.startAll();
      const agreed = await fleet.agreed(from);
      await fleet.stopAll();
      const bareStartedAtMs = nowMs();
      const bares = await Promise.all(nodeIds.map(() => startBare({ role: "beat", everyMs: 1_000 })));
      const bareMs = nowMs() - bareStartedAtMs;
      for (const bare of bares) await bare.close();
      if (turn === 0) continue;
      values.push(agreed.atMs - startedAtMs);
      floor.push(bareMs);
    }
  } finally {
    await fleet.close();
  }
  return [
    {
      name: "start to agreed leader",
      unit: "ms",
      values,
      floor,
      floorIs: "three bare Node processes, started at once, until all listen",
      aim: { median: 600 },
    },
  ];
};

export const measureKill = async ({ kills, nodeArguments }: Options): Promise<readonly Figure[]> => {
  const all: Kill[] = [];
  const fleet = await startSettled(nodeArguments);
  try {
    for (let turn = 0; turn < kills; turn++) all.push(await killLeader(fleet));
  } finally {
    await fleet.close();
  }
  return [
    {
      name: "kill to new leader",
      unit: "ms",
      values: all.map(({ electedMs }) => electedMs),
      floor: all.map(({ refusedMs }) => refusedMs),
      floorIs: "the same kill as a bare TCP connection sees it: it closes, and a new one is refused",
      aim: { median: 50, p99: 150 },
    },
  ];
};

/** A fleet without hand-overs whose links are old enough. `more` is further TOML. */
export const startSettled = async (nodeArguments: readonly string[], more = ""): Promise<Fleet> => {
  const fleet = await startFleet({ cluster: `${noHandover}\n${more}`, nodeArguments });
  await pauseMs(settledMs);
  return fleet;
};

export interface Kill {
  readonly atMs: number;
  readonly electedMs: number;
  readonly refusedMs: number;
  /** When the killed node was started again. */
  readonly restartedAtMs: number;
}

/** Kills whoever leads, starts it again when it was down for `downMs`, and waits until all is as before. */
export const killLeader = async (fleet: Fleet, downMs = 0): Promise<Kill> => {
  const { leader } = fleet;
  const port = fleet.config.servers.find(({ id }) => id === leader)?.port ?? 0;
  const socket = await connected(port);
  const from = fleet.lines.length;
  const atMs = nowMs();
  fleet.signal(leader, "SIGKILL");
  const [elected, refusedAtMs] = await Promise.all([
    fleet.line("another leader", from, (line) => line.node !== leader && isOwnElection(line)),
    untilRefused(socket, port),
  ]);
  await fleet.untilGone(leader);
  await pauseMs(Math.max(0, atMs + downMs - nowMs()));
  const again = fleet.lines.length;
  const restartedAtMs = nowMs();
  fleet.start(leader);
  await fleet.joined(leader, again);
  await pauseMs(settledMs);
  return { atMs, electedMs: elected.atMs - atMs, refusedMs: refusedAtMs - atMs, restartedAtMs };
};

const connected = async (port: number): Promise<Socket> => {
  const socket = connect({ port, host: "127.0.0.1" });
  socket.resume();
  await once(socket, "connect");
  socket.on("error", () => undefined);
  return socket;
};

/** When the connection has closed and no new one is accepted. */
const untilRefused = (socket: Socket, port: number): Promise<number> =>
  new Promise((resolve) => {
    const askAgain = (): void => {
      let refused = false;
      const next = connect({ port, host: "127.0.0.1" });
      next.resume();
      next.on("error", (error: NodeJS.ErrnoException) => {
        refused = error.code === "ECONNREFUSED";
      });
      next.on("close", () => (refused ? resolve(nowMs()) : askAgain()));
    };
    socket.on("close", askAgain);
  });

export const measureFreeze = async ({ freezes, nodeArguments }: Options): Promise<readonly Figure[]> => {
  const values: number[] = [];
  const floor: number[] = [];
  const fleet = await startSettled(nodeArguments);
  const { heartbeatMs, electionTimeoutMs } = fleet.config.timings;
  try {
    const beat = await startBare({ role: "beat", everyMs: heartbeatMs });
    const pulse = await connected(beat.port);
    for (let turn = 0; turn < freezes; turn++) {
      values.push(await freezeLeader(fleet));
      // Not always at the same place between two beats.
      await pauseMs((turn * 7) % heartbeatMs);
      const frozenAtMs = nowMs();
      beat.child.kill("SIGSTOP");
      const silentAtMs = await silence(pulse, electionTimeoutMs);
      beat.child.kill("SIGCONT");
      floor.push(silentAtMs - frozenAtMs);
    }
    pulse.destroy();
    await beat.close();
  } finally {
    await fleet.close();
  }
  return [
    {
      name: "freeze to new leader",
      unit: "ms",
      values,
      floor,
      floorIs: `a bare process that beats every ${heartbeatMs} ms, frozen, until ${electionTimeoutMs} ms from then were silent`,
      aim: { median: 450, p99: 800 },
    },
  ];
};

/** Freezes whoever leads, thaws it when another does, and waits until it follows. */
const freezeLeader = async (fleet: Fleet): Promise<number> => {
  const { leader } = fleet;
  const from = fleet.lines.length;
  const frozenAtMs = nowMs();
  fleet.signal(leader, "SIGSTOP");
  const elected = await fleet.line(
    "another leader",
    from,
    (line) => line.node !== leader && isOwnElection(line),
  );
  fleet.signal(leader, "SIGCONT");
  await fleet.line("the thawed node to follow", from, (line) => {
    return line.node === leader && line.event === "leader.elected" && line.fields.leader === elected.node;
  });
  await pauseMs(settledMs / 2);
  return elected.atMs - frozenAtMs;
};

/** When nothing has come for `ms`. */
const silence = (socket: Socket, ms: number): Promise<number> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => {
      socket.off("data", onBeat);
      resolve(nowMs());
    }, ms);
    const onBeat = (): void => void timer.refresh();
    socket.on("data", onBeat);
  });
