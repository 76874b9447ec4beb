/**
 * Measurements over time: a chart where there is room for its axes, else a sparkline for each node.
 *
 * Scales never follow the newest value: a share has the fixed scale of 0 to 100 %, everything else the next of a few
 * round numbers, so that two nodes, and two moments, can be compared and nothing jumps. Without colour the lines of
 * a chart could not be told apart, so then it is sparklines too.
 */

import type { NodeId } from "../../core/model/ids.ts";
import { lineChart } from "../charts/line.ts";
import { type History, lengthOf, type Metric, stretchesOf } from "../model/history.ts";
import type { Line } from "../model/line.ts";
import { type ConsoleModel, shownAt, shownLive } from "../model/model.ts";
import { rangeNames } from "../model/press-panes.ts";
import { nodeTone } from "../theme.ts";

/** In seconds. Until somebody has chosen: five minutes, as soon as half of them would be filled. */
export const rangeOf = (model: ConsoleModel): number => {
  if (model.range !== null) return model.range;
  const known = lengthOf(shownLive(model).history);
  return known < 150 ? 60 : 300;
};

export const rangeName = (seconds: number): string => rangeNames[seconds] ?? `${seconds} s`;

export interface Wanted {
  readonly metric: Metric;
  readonly how: "mean" | "highest";
}

/** At most `count` values of a node over the range that shows, oldest first. */
export const valuesOf = (
  model: ConsoleModel,
  node: NodeId,
  { metric, how }: Wanted,
  count: number,
): readonly number[] => {
  const { history } = shownLive(model);
  const end = Math.min(history.second ?? 0, Math.floor(shownAt(model) / 1_000));
  return stretchesOf(history, node, metric, { seconds: rangeOf(model), end, count, how });
};

export const nodesOf = (history: History): readonly NodeId[] => [...history.nodes.keys()];

/** The next of 4, 8, 12, 20, 40, 80, 120, 200 … that no value exceeds: each is four whole steps. */
export const roundMax = (values: Iterable<number>, least: number): number => {
  let highest = least;
  for (const value of values) if (value > highest) highest = value;
  for (let power = 1; ; power *= 10)
    for (const step of [4, 8, 12, 20]) if (step * power >= highest) return step * power;
};

interface Drawn {
  readonly key: string;
  readonly history: History;
  readonly lines: readonly Line[];
}
/** The last charts, because the screen is drawn several times for each new sample. */
const drawn: Drawn[] = [];
const drawnMax = 4;

export interface ChartWish extends Wanted {
  readonly width: number;
  readonly rows: number;
  readonly max: number;
  readonly label: (value: number) => string;
}

export const chartLines = (model: ConsoleModel, wish: ChartWish): readonly Line[] => {
  const { history } = shownLive(model);
  const seconds = rangeOf(model);
  const { metric, width, rows, max } = wish;
  const key = `${metric} ${width} ${rows} ${max} ${seconds} ${Math.floor(shownAt(model) / 1_000)}`;
  const known = drawn.find((each) => each.key === key && each.history === history);
  if (known !== undefined) return known.lines;
  const lines = lineChart(
    nodesOf(history).map((id) => ({ tone: nodeTone(id), samples: valuesOf(model, id, wish, width) })),
    {
      width,
      rows,
      max,
      label: wish.label,
      from: `${rangeName(seconds)} ago`,
      to: model.frozen === null ? "now" : "then",
    },
  );
  drawn.push({ key, history, lines });
  if (drawn.length > drawnMax) drawn.shift();
  return lines;
};
