/** The newest images on one sheet, as many as the screen holds. */
import { type ExitCode, exitCodeOf, fault } from "../../core/model/faults.ts";
import type { ImageRecord } from "../../core/model/records.ts";
import { sheetFor, sheetHolds, sheetIn } from "../../ui/pictures/contact-sheet.ts";
import { pixelsIn } from "../../ui/pictures/half-blocks.ts";
import type { Board } from "./board.ts";
import type { Desk } from "./desk.ts";
import { type Gallery, seenOf, type Tiled, tileOf } from "./gallery.ts";
import type { Talk } from "./talk.ts";

export const album = async (
  { client: lasting, config }: Desk,
  talk: Talk,
  board: Board,
  signal: AbortSignal,
): Promise<ExitCode> => {
  const client = lasting.until(signal);
  const gallery: Gallery = { client, pixelsMax: config.limits.imagePixelsMax };
  const most = sheetHolds(sheetFor(Number.MAX_SAFE_INTEGER, board.columns), board.rows);
  const newest: ImageRecord[] = [];
  for await (const record of client.list()) {
    if (!record.ok) {
      talk.failure({}, record.fault);
      return exitCodeOf(record.fault);
    }
    if (record.value.trashed.value === null) newest.push(record.value);
    if (newest.length >= Math.max(1, most)) break;
  }
  if (newest.length === 0) {
    talk.remark("no images yet: upload one with upload PATH");
    return 0;
  }
  const box = pixelsIn(sheetIn(newest.length, board));
  const tiled: Tiled[] = [];
  for (const record of newest) {
    const seen = await seenOf(client, record);
    tiled.push(await tileOf(gallery, seen, box, record.facts.name));
    if (signal.aborted) {
      talk.failure({}, fault("INTERRUPTED", {}));
      return 130;
    }
  }
  const caption = newest.length === 1 ? "the newest image" : `the ${newest.length} newest images`;
  board.pin({ id: null, tiles: tiled.map(({ tile }) => tile), caption });
  return 0;
};
