/** Moments as people and as scripts read them, in UTC. */

/** `2026-11-25T22:04:05.123Z` */
export const isoTime = (ms: number): string => new Date(ms).toISOString();

/** `2026-11-25 22:04:05.123` */
export const sayTime = (ms: number): string => isoTime(ms).slice(0, -1).replace("T", " ");
