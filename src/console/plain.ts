/**
 * The console where there is no terminal: what happens, a line each, as sentences or as JSON; never a control code.
 *
 * The sentences come from the same model as the console's panes; whoever reads a log file of them reads what an
 * operator would have seen.
 */
import { systemClock } from "../../core/io/clock.ts";
import { sentenceOf } from "../../core/model/events.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import { absentClient } from "../client/pane.ts";
import { stopAsked } from "../launch/signals.ts";
import { printJson, printLine } from "../output.ts";
import { statusJson } from "../status-text.ts";
import { type ConsoleWish, setupOf } from "./open.ts";

type PlainWish = Pick<
  ConsoleWish,
  "settings" | "config" | "subtitle" | "start" | "readOnly" | "leaves" | "source"
>;

/** Ends when it is asked to stop, or when nobody reads any more. */
export const runPlain = async (wish: PlainWish): Promise<ExitCode> => {
  const ended = Promise.race([stopAsked(), new Promise((resolve) => process.stdout.on("error", resolve))]);
  const stop = wish.settings.json === true ? tellJson(wish) : await tellSentences(wish);
  await ended;
  stop();
  return 0;
};

const tellJson = ({ source }: PlainWish): (() => void) =>
  source.subscribe((event) => {
    if (event.kind === "snapshot") printJson({ event: "status", ...statusJson(event.snapshot) });
    if (event.kind !== "log") return;
    const { at, node, level, event: what } = event.entry;
    const { kind, ...fields } = what;
    const message = sentenceOf(node, what);
    printJson({ at: new Date(at).toISOString(), node, level, event: kind, message, ...fields });
  });

const tellSentences = async (wish: PlainWish): Promise<() => void> => {
  const [{ openNewsDesk }, { createStore }, { firstModel }, { spokenLines }] = await Promise.all([
    import("../../ui/news.ts"),
    import("../../ui/store.ts"),
    import("../../ui/model/model.ts"),
    import("../../ui/views/spoken.ts"),
  ]);
  const clock = systemClock();
  const first = firstModel({
    setup: { ...setupOf(wish), acts: [] },
    now: clock.wall(),
    size: { columns: 120, rows: 40 },
    mouse: false,
    client: absentClient("").first,
  });
  const store = createStore(first, () => undefined);
  let said = first;
  const unsubscribe = store.subscribe(() => {
    const now = store.get();
    for (const line of spokenLines(said, now, "everything")) printLine(line);
    said = now;
  });
  const news = openNewsDesk(
    (events, second) => store.dispatch({ kind: "news", at: clock.wall(), events, second }),
    () => clock.monotonic(),
  );
  const stop = wish.source.subscribe((event) => news.add(event));
  return () => {
    stop();
    news.close();
    unsubscribe();
  };
};
