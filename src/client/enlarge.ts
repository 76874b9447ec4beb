/** An image as real pixels for the whole screen, where the terminal can show them. */
import { pngOf } from "../../core/io/pixels.ts";
import { cellsOf, graphicsPixelsIn, graphicsScreen } from "../../ui/pictures/graphics.ts";
import type { PictureRoom } from "../../ui/run.ts";
import type { Desk } from "./desk.ts";
import { captionOf, decodeSeen, findSeen, type Gallery } from "./gallery.ts";

/** What the terminal obeys; null where it shows no pixels, or there are none: the half blocks stay. */
export const enlarge = async (
  { client, config }: Desk,
  { graphics, ...screen }: PictureRoom,
  id: string,
): Promise<string | null> => {
  if (graphics === null) return null;
  const gallery: Gallery = { client, pixelsMax: config.limits.imagePixelsMax };
  const found = await findSeen(gallery, id);
  if (!found.ok) return null;
  const room = { columns: screen.columns, rows: Math.max(1, screen.rows - 1) };
  const picture = await decodeSeen(gallery, found.value, graphicsPixelsIn(room), pngOf);
  if (!picture.ok) return null;
  const png = Buffer.from(picture.value.png).toString("base64");
  const caption = captionOf(found.value.record, client.user);
  return graphicsScreen(graphics, png, cellsOf(picture.value), room, caption);
};
