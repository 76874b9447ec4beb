/**
 * Numbers as people read them at a glance: two or three digits and a unit, always as short as the column.
 *
 * What is not known is `–`, never 0. Times are UTC, so that two machines' consoles agree.
 */

export const unknown = "–";

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const two = (value: number): string => String(value).padStart(2, "0");

/** A duration: `32 ms`, `4.2 s`, `12 s`, `3m 05s`, `2h 04m`, `2d 4h`, `130 d`. */
export const formatAge = (ms: number | null): string => {
  if (ms === null) return unknown;
  const age = Math.max(0, ms);
  if (age < 999.5) return `${Math.round(age)} ms`;
  if (age < 9_950) return `${(age / secondMs).toFixed(1)} s`;
  const seconds = Math.round(age / secondMs);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  if (age < dayMs) return `${Math.floor(age / hourMs)}h ${two(Math.floor((age % hourMs) / minuteMs))}m`;
  const days = Math.floor(age / dayMs);
  // Hours no longer matter, and would make columns too narrow.
  return days >= 100 ? `${days} d` : `${days}d ${Math.floor((age % dayMs) / hourMs)}h`;
};

/** The same for what is usually short: `0.4 ms`. */
export const formatFine = (ms: number | null): string =>
  ms !== null && ms < 9.95 ? `${Math.max(0, ms).toFixed(1)} ms` : formatAge(ms);

/** The same in whole seconds, for sentences that are read while they count up. */
export const formatSeconds = (ms: number | null): string => {
  if (ms === null || ms >= minuteMs) return formatAge(ms);
  return ms < secondMs ? "<1 s" : `${Math.floor(ms / secondMs)} s`;
};

const byteUnits = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** Decimal units: `812 B`, `38 kB`, `1.2 MB`. */
export const formatBytes = (bytes: number | null): string => {
  if (bytes === null) return unknown;
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return `${digits} ${byteUnits[unit] ?? "B"}`;
};

/** 0 … 1 as `40%`. */
export const formatPercent = (fraction: number | null): string =>
  fraction === null ? unknown : `${Math.round(clampFraction(fraction) * 100)}%`;

/** `1204` as `1,204`. */
export const formatCount = (count: number | null): string =>
  count === null ? unknown : String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ",");

const partOfDay = (wallMs: number): number => ((wallMs % dayMs) + dayMs) % dayMs;

/** Wall milliseconds as `10:10:49Z`. */
export const formatClock = (wallMs: number): string => {
  const ms = partOfDay(wallMs);
  return `${two(Math.floor(ms / hourMs))}:${two(Math.floor((ms % hourMs) / minuteMs))}:${two(Math.floor((ms % minuteMs) / secondMs))}Z`;
};

/** Wall milliseconds as `10:10:49.123`. */
export const formatMoment = (wallMs: number): string =>
  `${formatClock(wallMs).slice(0, -1)}.${String(Math.floor(partOfDay(wallMs) % secondMs)).padStart(3, "0")}`;

/** 0 … 1 as a bar of `cells` cells: `▆▆▆▆▁▁▁▁▁▁`. Anything above zero shows at least one cell. */
export const bar = (fraction: number, cells: number): string => {
  const value = clampFraction(fraction);
  const full = value === 0 ? 0 : Math.max(1, Math.round(value * cells));
  return "▆".repeat(full) + "▁".repeat(cells - full);
};

const sparkBlocks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/**
 * The newest `cells` samples from 0 to `max` (NaN where nothing was known), so that two rows of one scale can be
 * compared and a quiet node does not look busy.
 */
export const sparkline = (samples: readonly number[], max: number, cells: number): string => {
  const newest = cells > 0 ? samples.slice(-cells) : [];
  const drawn = newest.map((sample) =>
    Number.isNaN(sample)
      ? " "
      : (sparkBlocks[Math.min(7, Math.floor(clampFraction(sample / max) * 8))] ?? " "),
  );
  return " ".repeat(Math.max(0, cells - drawn.length)) + drawn.join("");
};

/** Uploads a second: `0`, `2.4/s`, `38/s`. */
export const formatRate = (perSecond: number | null): string => {
  if (perSecond === null) return unknown;
  if (perSecond < 0.05) return "0/s";
  return perSecond < 9.95 ? `${perSecond.toFixed(1)}/s` : `${Math.round(perSecond)}/s`;
};

const clampFraction = (value: number): number => Math.min(1, Math.max(0, Number.isFinite(value) ? value : 0));
