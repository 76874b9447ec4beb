/**
 * From where the log is read when the store is opened: a batch that the index knew when this was noted, in the index
 * itself. Everything before it is older and known. Without it the whole of the last segment would be looked through at
 * every start, which takes longer than everything else.
 *
 * It is a hint: who opens the store looks whether that batch is there, and reads everything when it is not.
 */
import type { Index, SegmentId } from "../ports.ts";
import { segmentIdOf } from "./segment-format.ts";

/** Where a batch of the log stands. */
export interface LogPlace {
  readonly segment: SegmentId;
  /** Of its extent. */
  readonly at: number;
  readonly batch: number;
}

const noteName = "log start";
/** How far the log goes on before it is noted again. */
const apartBytes = 4_194_304;

export const noteLogStart = (index: Index, { segment, at, batch }: LogPlace): Promise<void> =>
  index.setNote(noteName, `${segment} ${at} ${batch}`);

/** Whether it is time to note `now`, after `before`. */
export const isFurther = (before: LogPlace | null, now: LogPlace): boolean =>
  before === null || before.segment !== now.segment || now.at - before.at >= apartBytes;

/** Null when there is none, or none that makes sense. */
export const readLogStart = async (index: Index): Promise<LogPlace | null> => {
  const [segment = "", at, batch] = (await index.note(noteName))?.split(" ") ?? [];
  const place = { at: Number(at), batch: Number(batch) };
  if (
    !/^[0-9a-f]{32}$/.test(segment) ||
    !Number.isSafeInteger(place.at) ||
    !Number.isSafeInteger(place.batch)
  )
    return null;
  return { segment: segmentIdOf(segment), ...place };
};
