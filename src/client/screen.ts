/** The terminal as something to draw pictures on. */

import { type Graphics, graphicsOf } from "../../ui/pictures/graphics.ts";
import type { Depth } from "../../ui/pictures/half-blocks.ts";

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly depth: Depth;
  /** How it shows pixels that are no text; null: not at all. */
  readonly graphics: Graphics | null;
  write(text: string): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Null where pictures cannot be drawn: not a terminal, or one that obeys nothing. `color` false: none are wanted. */
export const screenOn = (stream: NodeJS.WriteStream, env: Environment, color: boolean): Screen | null => {
  if (stream.isTTY !== true || env.TERM === "dumb") return null;
  const wanted = color && (env.NO_COLOR ?? "") === "";
  return {
    columns: stream.columns ?? 80,
    rows: stream.rows ?? 24,
    depth: wanted ? depthOf(env) : "plain",
    graphics: wanted ? graphicsOf(env) : null,
    write: (text) => void stream.write(text),
  };
};

/** What a terminal announces: COLORTERM names 24 bits, TERM often 256 colours. Fewer than these are none here. */
export const depthOf = (env: Environment): Depth => {
  if (/^(truecolor|24bit)$/i.test(env.COLORTERM ?? "")) return "truecolor";
  if (/-(direct|truecolor)$/.test(env.TERM ?? "") || graphicsOf(env) !== null) return "truecolor";
  return /256/.test(env.TERM ?? "") ? "256" : "plain";
};
