/**
 * Going back in time: from event to event, while the panes show the cluster as it was.
 *
 * The past that is looked at is put together from what is kept anyway: the state that the item remembers, the log up
 * to its line, the charts up to its second. Header and warnings stay with the present.
 */
import type { WallMs } from "../../core/model/units.ts";
import { logBefore } from "./log.ts";
import { type ConsoleModel, type Live, withFlash } from "./model.ts";
import type { Item, Timeline } from "./timeline.ts";

/** To the event before the one that shows; from now, to the newest. */
export const earlier = (model: ConsoleModel): ConsoleModel => {
  const { items } = model.live.timeline;
  const at = indexShown(model);
  const item = at === null ? lastUpTo(model) : items[at - 1];
  if (item !== undefined) return atItem(model, item);
  return withFlash(
    model,
    items.length === 0 ? "nothing has happened yet" : "nothing before that is kept",
    "warn",
  );
};

/** To the event after it; after the newest one comes now. */
export const later = (model: ConsoleModel): ConsoleModel => {
  const at = indexShown(model);
  if (at === null) return model.frozen === null ? withFlash(model, "this is now", "plain") : toNow(model);
  const item = model.live.timeline.items[at + 1];
  return item === undefined ? toNow(model) : atItem(model, item);
};

export const toNow = (model: ConsoleModel): ConsoleModel => ({
  ...model,
  frozen: null,
  event: null,
  logView: { ...model.logView, anchor: null },
});

/** To the last event up to a time of day (UTC), today or yesterday. */
export const toTime = (model: ConsoleModel, msOfDay: number): ConsoleModel => {
  const dayMs = 86_400_000;
  const today = Math.floor(model.now / dayMs) * dayMs + msOfDay;
  const at = today > model.now ? today - dayMs : today;
  const item = model.live.timeline.items.findLast((each) => each.at <= at);
  return item === undefined
    ? withFlash(model, "nothing is kept from that time", "warn")
    : atItem(model, item);
};

/** The index of the item that one has gone back to; null for now, for a pause, and for one that is no longer kept. */
const indexShown = (model: ConsoleModel): number | null => {
  const number = model.frozen?.item ?? null;
  if (number === null) return null;
  const at = model.live.timeline.items.findIndex((item) => item.number === number);
  return at < 0 ? 0 : at;
};

/** While paused, what came after the pause is not gone back to. */
const lastUpTo = ({ live, frozen }: ConsoleModel): Item | undefined =>
  live.timeline.items.findLast((item) => frozen === null || item.at <= frozen.at);

export const atItem = (model: ConsoleModel, item: Item): ConsoleModel => ({
  ...model,
  frozen: { kind: "past", item: item.number, ...pastOf(model.live, item) },
  event: item.number,
  logView: { ...model.logView, anchor: null },
});

/** The moment is when this console was first told, by its own clock: a little after the event itself. */
const pastOf = (live: Live, item: Item): { readonly live: Live; readonly at: WallMs } => ({
  at: item.seenAt,
  live: {
    ...live,
    ...item.sources,
    log: logBefore(live.log, item.sequence + 1),
    timeline: upTo(live.timeline, item),
  },
});

const upTo = (timeline: Timeline, item: Item): Timeline => ({
  ...timeline,
  items: timeline.items.filter(({ number }) => number <= item.number),
  numberNext: item.number + 1,
});

/** Which of how many events shows: `3 of 14`. */
export const placeInTime = (model: ConsoleModel): string => {
  const at = indexShown(model);
  return at === null ? "" : `${at + 1} of ${model.live.timeline.items.length}`;
};
