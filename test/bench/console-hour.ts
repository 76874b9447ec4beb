/**
 * An hour of a cluster in a few seconds, taken in and drawn by the real console; and what memory that leaves.
 * `node --expose-gc dist/test/bench/console-hour.js` prints the megabytes in use as a JSON array, a number each five
 * minutes of the hour; the benchmark starts it.
 *
 * An hour before it fills everything that is kept (log, events, charts), so that what still grows is a leak.
 */
import { PassThrough, Writable } from "node:stream";
import { setImmediate as nextTurn } from "node:timers/promises";
import { imageId, nodeId } from "../../core/model/ids.ts";
import { wallMs } from "../../core/model/units.ts";
import type { ConsoleEvent } from "../../ui/model/model.ts";
import { createStore } from "../../ui/store.ts";
import { themeOf } from "../../ui/theme.ts";
import { entryOf, loadAt, nodeView, sceneAt, sceneModel, snapshotEvent, snapshotOf } from "../ui/scenes.ts";

const linesASecond = 20;
const hourSeconds = 3_600;
const sampleSeconds = 300;
const ids = [1, 2, 3];

/** A node dies and returns every minute; else images are stored. */
const eventsOf = (second: number): readonly ConsoleEvent[] => {
  const at = wallMs(sceneAt + second * 1_000);
  const nodes = ids.map((id) => nodeView(id, { load: loadAt(id, second), images: 1_000 + second }));
  const snapshots = ids.map((observer) => snapshotEvent(snapshotOf({ observer, nodes, at })));
  const lines = Array.from({ length: linesASecond }, (_, line): ConsoleEvent => {
    const number = second * linesASecond + line;
    const image = imageId(`01899f3c-1111-7abc-8def-${number.toString(16).padStart(12, "0")}`);
    const stored = { kind: "image.stored", image, bytes: number, copies: 2, ms: 1 } as const;
    const entry = entryOf(1 + (line % 3), { ...stored, assignedBy: "leader" });
    return { kind: "log", entry: { ...entry, at } };
  });
  const peer = nodeId(2);
  const story = {
    10: { kind: "node.down", peer, reason: "refused" },
    20: { kind: "node.up", peer },
  } as const;
  const told = story[(second % 60) as keyof typeof story];
  const events: readonly ConsoleEvent[] =
    told === undefined ? [] : [{ kind: "log", entry: { ...entryOf(3, told), at } }];
  return [...snapshots, ...lines, ...events];
};

/** As far as Ink needs a terminal. */
const terminal = () => {
  const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
  const stdin = new PassThrough();
  Object.assign(stdout, { columns: 120, rows: 40, isTTY: true });
  Object.assign(stdin, { isTTY: true, setRawMode: () => stdin, ref: () => stdin, unref: () => stdin });
  return {
    stdout: stdout as unknown as NodeJS.WriteStream,
    stdin: stdin as unknown as NodeJS.ReadStream,
  };
};

const megabytesInUse = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 1e6;
};

process.env.NODE_ENV = "production";
const { openScreen } = await import("../../ui/app.tsx");
const store = createStore(sceneModel(120, 40), () => undefined);
const theme = themeOf({ COLORTERM: "truecolor" });
const screen = openScreen({ store, theme, spoken: false, ...terminal() });
const samples: number[] = [];
for (let second = 0; second <= 2 * hourSeconds; second++) {
  const at = wallMs(sceneAt + second * 1_000);
  store.dispatch({ kind: "news", at, events: eventsOf(second), second: true });
  await nextTurn();
  if (second >= hourSeconds && second % sampleSeconds === 0) samples.push(megabytesInUse());
}
screen.close();
await screen.closed;
process.stdout.write(`${JSON.stringify(samples)}\n`);
