/**
 * Figures, and how they are told: a median, a tail, and beside them a floor.
 *
 * Absolute times are of one machine at one moment. So every figure is measured in turns with a floor, the least
 * that this machine could do at that moment, and what lasts is the ratio of the two medians.
 */
export type Unit = "ms" | "a second" | "byte a byte" | "MB" | "MB a second" | "% of a core";

export interface Aim {
  readonly median?: number;
  readonly p99?: number;
  /** The largest of all. */
  readonly most?: number;
}

export interface Figure {
  readonly name: string;
  readonly unit: Unit;
  readonly values: readonly number[];
  /** What the floor is, in words. */
  readonly floorIs: string;
  readonly floor: readonly number[];
  readonly aim: Aim;
  /** What a reader must know besides. */
  readonly note?: string;
}

/** Milliseconds of the machine's monotonic clock: the same in every process. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** The smallest value that at least `share` (0 to 1) of all do not exceed; NaN of none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
};

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Median by median. */
export const ratioOf = (figure: Figure): number => median(figure.values) / median(figure.floor);

/** A table in Markdown, and what each floor is. */
export const tableOf = (figures: readonly Figure[]): string => {
  const rows = figures.map(rowOf);
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join(" | ")} |`;
  const rule = widths.map((width, at) => (at === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const floors = [...Map.groupBy(figures, ({ floorIs }) => floorIs)].map(
    ([floorIs, those]) => `- Floor of ${those.map(({ name }) => name).join("; ")}: ${floorIs}.`,
  );
  const notes = [
    ...Map.groupBy(
      figures.filter(({ note }) => note !== undefined),
      ({ note }) => note,
    ),
  ].map(([note, those]) => `- On ${those.map(({ name }) => name).join("; ")}: ${note}.`);
  return [line(header), line(rule), ...rows.map(line), "", ...floors, ...notes].join("\n");
};

const header = ["figure", "unit", "times", "median", "p99", "most", "aim", "floor", "ratio"];

const rowOf = (figure: Figure): readonly string[] => {
  const { name, unit, values, floor, aim } = figure;
  const say = (value: number): string => (unit === "byte a byte" ? value.toFixed(3) : short(value));
  return [
    name,
    unit,
    String(values.length),
    say(median(values)),
    say(quantile(values, 0.99)),
    say(Math.max(...values)),
    sayAim(aim),
    say(median(floor)),
    `${short(ratioOf(figure))} ×`,
  ];
};

const sayAim = ({ median: middle, p99, most }: Aim): string =>
  [
    ...(middle === undefined ? [] : [short(middle)]),
    ...(p99 === undefined ? [] : [`p99 ${short(p99)}`]),
    ...(most === undefined ? [] : [`most ${short(most)}`]),
  ].join(", ");

/** Three digits are more than is known. */
const short = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "none";

/** One figure as a line of JSON for programs. */
export const jsonOf = (figure: Figure): string =>
  JSON.stringify({
    ...figure,
    median: median(figure.values),
    p99: quantile(figure.values, 0.99),
    most: Math.max(...figure.values),
    floorMedian: median(figure.floor),
    ratio: ratioOf(figure),
  });
