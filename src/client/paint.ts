/** Rows of pieces as text for a terminal: with colours, or with bold and dim only, or as plain text. */
import { styleText } from "node:util";
import { type Line, lineText, type Piece } from "../../ui/model/line.ts";

/** `plain`: not a terminal. `mono`: one without colours, or whose owner wants none. */
export type Paint = "plain" | "mono" | "colored";

/** NO_COLOR as no-color.org has it. */
export const paintFor = (
  stream: NodeJS.WriteStream,
  env: Readonly<Record<string, string | undefined>>,
  color: boolean,
): Paint => {
  if (stream.isTTY !== true || env.TERM === "dumb") return "plain";
  return color && (env.NO_COLOR ?? "") === "" ? "colored" : "mono";
};

export const painted = (line: Line, paint: Paint): string =>
  paint === "plain" ? lineText(line) : line.map((piece) => paintedPiece(piece, paint)).join("");

const colors = { good: "green", warn: "yellow", bad: "red", accent: "cyan" } as const;

const paintedPiece = ({ text, tone, bold }: Piece, paint: Paint): string => {
  const color =
    tone === "good" || tone === "warn" || tone === "bad" || tone === "accent" ? colors[tone] : null;
  const styles = [
    ...(paint === "colored" && color !== null ? [color] : []),
    ...(tone === "dim" ? (["dim"] as const) : []),
    ...(bold === true ? (["bold"] as const) : []),
  ];
  return styles.length === 0 ? text : styleText(styles, text, { validateStream: false });
};
