/**
 * The console on a terminal, fed by a made-up cluster: the program that the terminal tests run.
 *
 * The first argument says what happens: `calm` is three nodes, one leader; in `dies` node 2 dies and returns, in
 * `quorum` two do; `flood` is a thousand log lines a second; `server` asks when it is left; `mouse` has one; in
 * `unready` nobody comes to run it; `early` is ended before anybody could come; `again…` is a state that stays, and
 * a console that is opened again when it is left; `crash-view` gives a view something it cannot draw;
 * `crash-update` gives the update something it cannot take in; `crash-timer` throws where nobody catches; `reject`
 * forgets a rejection; `exit` calls process.exit in the middle; `prints` prints and warns. Keys are the tests'
 * business. It ends with `exit: <how>` on the ordinary screen.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemClock } from "../../core/io/clock.ts";
import { imageId } from "../../core/model/ids.ts";
import { acts as allActs } from "../../ui/model/acts.ts";
import type { ClientEvent } from "../../ui/model/client.ts";
import type { Picture } from "../../ui/model/picture.ts";
import {
  type ConsoleActs,
  type ConsoleClient,
  type ConsoleEvent,
  type ConsoleExit,
  runConsole,
} from "../../ui/run.ts";
import {
  commands,
  entryOf,
  loadAt,
  logEvents,
  nodeView,
  processEvent,
  snapshotEvent,
  snapshotOf,
  storyEntries,
} from "./scenes.ts";

const wish = process.argv[2] ?? "calm";
const clock = systemClock();

let announce = (_: ConsoleEvent): void => undefined;

const subscribe = (listener: (event: ConsoleEvent) => void): (() => void) => {
  announce = listener;
  for (const id of [1, 2, 3]) listener(processEvent(id, "running"));
  for (const event of logEvents(storyEntries)) listener(event);
  if (wish.startsWith("again")) return still(listener);
  if (wish === "early") process.emit("SIGTERM", "SIGTERM");
  let beats = 0;
  const beat = (): void => {
    beats += 1;
    // A quorum is lost and comes back, and a node dies and returns, on request.
    const gone = { dies: [2], quorum: [1, 2] }[wish] ?? [];
    const away = gone.length > 0 && beats >= 10 && beats < 26;
    const nodes = [1, 2, 3].map((id) =>
      away && gone.includes(id)
        ? nodeView(id, { state: "down", heartbeatMs: 250 * (beats - 9) })
        : nodeView(id, { load: loadAt(id, beats / 4) }),
    );
    const leader = away && wish === "quorum" ? null : 3;
    for (const observer of [1, 2, 3].filter((id) => !away || !gone.includes(id)))
      listener(snapshotEvent(snapshotOf({ observer, leader, nodes, at: clock.wall() })));
    if (wish === "flood") flood(listener, beats);
    if (beats % 8 === 0)
      listener({ kind: "log", entry: entryOf(1, { kind: "node.up", peer: nodes[1]?.id ?? nodeView(2).id }) });
  };
  const timer = setInterval(beat, 250);
  beat();
  setTimeout(() => {
    if (wish.startsWith("crash")) clearInterval(timer);
    trouble(listener);
  }, 300);
  return () => clearInterval(timer);
};

/** The same state every second, so that whatever changes on the screen was done by a key. */
const still = (listener: (event: ConsoleEvent) => void): (() => void) => {
  const ids = wish.includes("nine") ? [1, 2, 3, 4, 5, 6, 7, 8, 9] : [1, 2, 3];
  const say = (): void => {
    const nodes = ids.map((id) => nodeView(id));
    listener(snapshotEvent(snapshotOf({ nodes, at: clock.wall() })));
  };
  for (const id of ids) listener(processEvent(id, "running"));
  say();
  const timer = setInterval(say, 500);
  return () => clearInterval(timer);
};

/** A thousand lines a second. */
const flood = (listener: (event: ConsoleEvent) => void, beats: number): void => {
  for (let line = 0; line < 250; line++) {
    const image = imageId(`01899f3c-1111-7abc-8def-${(beats * 250 + line).toString().padStart(12, "0")}`);
    const event = { kind: "image.stored", image, bytes: 5, copies: 2, ms: 1, assignedBy: "leader" } as const;
    listener({ kind: "log", entry: { ...entryOf(1 + (line % 3), event), at: clock.wall() } });
  }
};

const trouble = (listener: (event: ConsoleEvent) => void): void => {
  switch (wish) {
    case "crash-view": {
      const role = Symbol("a role that no view can write") as never;
      listener(snapshotEvent(snapshotOf({ nodes: [nodeView(1, { role }), nodeView(2), nodeView(3)] })));
      break;
    }
    case "crash-update":
      listener(snapshotEvent({ ...snapshotOf(), nodes: undefined as never }));
      break;
    case "crash-timer":
      throw new Error("thrown where nobody catches");
    case "reject":
      void Promise.reject(new Error("rejected and forgotten"));
      break;
    case "exit":
      process.exit(7);
      break;
    case "prints":
      console.log("printed by %s", "a library");
      process.emitWarning("warned by node");
      break;
  }
};

/** Four pixels, each in a colour of its own. */
const picture = (caption: string): Picture => ({
  id: caption,
  caption,
  tiles: [
    {
      pixels: {
        width: 2,
        height: 2,
        rgba: Uint8Array.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 255, 255, 0, 255]),
      },
      caption,
    },
  ],
});

/**
 * A client that repeats what it hears, completes by a `!`, draws at `draw`, and does not end `wait` before it is
 * stopped.
 */
const listeners = new Set<(event: ClientEvent) => void>();
const tell = (event: ClientEvent): void => {
  for (const listener of listeners) listener(event);
};
const client: ConsoleClient = {
  first: { user: "alice", history: ["list"], greeting: [[{ text: "say something" }]] },
  subscribe: (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  perform: (request, room) => {
    if (request.kind === "client.complete")
      tell({ kind: "completed", before: request.before, from: 0, text: `${request.before}!`, choices: [] });
    else if (request.kind === "client.album") {
      tell({ kind: "picture", picture: picture("an album"), open: true });
      tell({ kind: "idle" });
    } else if (request.kind === "client.enlarge") {
      const text = `real pixels of ${request.id}`;
      if (room.graphics !== null) tell({ kind: "enlarged", id: request.id, text });
    } else if (request.kind === "client.run" && request.line === "draw") {
      tell({ kind: "picture", picture: picture("a drawing"), open: false });
      tell({ kind: "idle" });
    } else if (request.kind === "client.run" && request.line === "wait")
      tell({
        kind: "transfers",
        transfers: [{ name: "cat.jpg", bytes: 680_000, total: 1_000_000, bytesPerSecond: 1_200_000 }],
      });
    else {
      const heard = request.kind === "client.run" ? `heard ${request.line}` : "stopped";
      const many = heard === "heard many" ? Array.from({ length: 60 }, (_, line) => `line ${line}`) : [];
      tell({ kind: "output", lines: [heard, ...many].map((text) => [{ text }]) });
      tell({ kind: "idle" });
    }
  },
};

/** Acts only tell that they were asked for; `restart` is refused. */
const acts: ConsoleActs = {
  names: allActs.map(({ name }) => name),
  perform: async (act, node) => {
    if (act === "restart") return { what: "it will not", hint: "leave it" };
    announce({
      kind: "log",
      entry: entryOf(node, { kind: "process.handled", act: "kill", by: `${act} ${node}` }),
    });
    return null;
  },
};

let gathered = false;

const open = () =>
  runConsole({
    source: { subscribe },
    gather: async () => {
      gathered = true;
      if (wish === "unready") throw new Error("nobody came");
      return { client, acts };
    },
    setup: {
      title: "DISTINSTA",
      subtitle: "alice",
      commands,
      timings: { heartbeatMs: 50, electionTimeoutMs: 300 },
      readOnly: false,
      leaves: wish.includes("server") ? nodeView(1).id : null,
    },
    mouse: wish === "mouse",
    clock,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
  });
const told = (outcome: ConsoleExit): string => {
  const how = {
    quit: outcome.exit === "quit" && outcome.background ? " background" : "",
    signal: outcome.exit === "signal" ? ` ${outcome.signal}` : "",
    failed: "",
    unready: "",
  }[outcome.exit];
  return `exit: ${outcome.exit}${how}\n`;
};

let outcome = await open();
await nextTurn();
process.stdout.write(`${gathered ? "" : "nobody was gathered\n"}${told(outcome)}`);
// For a test of many keys, some of which leave: it is opened again, and counts.
for (let turn = 1; wish.startsWith("again") && outcome.exit === "quit"; turn++) {
  outcome = await open();
  process.stdout.write(`${turn} ${told(outcome)}`);
}
process.exit(outcome.exit === "failed" ? 1 : 0);
