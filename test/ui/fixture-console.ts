/**
 * The console on a terminal, fed by a made-up cluster: the program that the terminal tests run.
 *
 * The first argument says what happens: `calm` is three nodes, one leader; `crash-view` gives a view something it
 * cannot draw; `crash-update` gives the update something it cannot take in; `crash-timer` throws where nobody catches; `reject` forgets a rejection; `exit` calls process.exit
 * in the middle; `prints` prints and warns. Keys are the tests' business. It ends with `exit: <how>` on the
 * ordinary screen.
 */
import { systemClock } from "../../core/io/clock.ts";
import type { ClientEvent } from "../../ui/model/client.ts";
import { type ConsoleClient, type ConsoleEvent, runConsole } from "../../ui/run.ts";
import {
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

const subscribe = (listener: (event: ConsoleEvent) => void): (() => void) => {
  for (const id of [1, 2, 3]) listener(processEvent(id, "running"));
  for (const event of logEvents(storyEntries)) listener(event);
  let beats = 0;
  const beat = (): void => {
    beats += 1;
    const nodes = [1, 2, 3].map((id) => nodeView(id, { load: loadAt(id, beats / 4) }));
    for (const observer of [1, 2, 3])
      listener(snapshotEvent(snapshotOf({ observer, nodes, at: clock.wall() })));
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

/** A client that repeats what it hears, completes by a `!`, and does not end `wait` before it is stopped. */
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
  perform: (request) => {
    if (request.kind === "client.complete")
      tell({ kind: "completed", before: request.before, from: 0, text: `${request.before}!`, choices: [] });
    else if (request.kind === "client.run" && request.line === "wait")
      tell({ kind: "transfers", transfers: [{ name: "cat.jpg", share: 0.68, says: "1.2 MB/s" }] });
    else {
      tell({
        kind: "output",
        lines: [[{ text: request.kind === "client.run" ? `heard ${request.line}` : "stopped" }]],
      });
      tell({ kind: "idle" });
    }
  },
};

const outcome = await runConsole({
  source: { subscribe },
  client,
  title: "DISTINSTA",
  subtitle: "alice",
  clock,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
});
process.stdout.write(`exit: ${outcome.exit}${outcome.exit === "signal" ? ` ${outcome.signal}` : ""}\n`);
process.exit(outcome.exit === "failed" ? 1 : 0);
