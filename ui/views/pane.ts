/**
 * A pane as rows: a box with its title in the upper border, and in the lower one of the deck the panes that could
 * stand there instead.
 */
import { dim, fitLine, type Line, lineWidth, type Piece, plain, type Tone } from "../model/line.ts";

/** What a pane shows inside its borders; fewer lines than rows leave the rest blank. */
export interface PaneContent {
  /** Beside the pane's name. */
  readonly title: Line;
  readonly lines: readonly Line[];
}

export interface Frame {
  readonly name: string;
  /** Outer size, borders included. */
  readonly width: number;
  readonly rows: number;
  readonly focused: boolean;
  /** Of the border; what shows an earlier moment must not be taken for the present. */
  readonly tone: Tone | null;
  /** In the lower border; nothing for most panes. */
  readonly foot: Line;
}

/** Exactly `rows` lines of exactly `width` cells. */
export const paneLines = (content: PaneContent, frame: Frame): readonly Line[] => {
  const { name, width, rows, focused } = frame;
  const tone = frame.tone ?? (focused ? "accent" : "dim");
  const border = (text: string): Piece => ({ text, tone });
  const inner = width - 2;
  const title: Line = [
    border(focused ? "╭─›" : "╭─ "),
    focused ? { text: name, bold: true, tone: "accent" } : { text: name, bold: true },
    ...(content.title.length === 0 ? [] : [plain("  "), ...content.title]),
    plain(" "),
  ];
  const foot: Line = frame.foot.length === 0 ? [border("╰")] : [border("╰─ "), ...frame.foot, plain(" ")];
  return [
    [...cutOrFilled(title, width - 1, border("─")), border("╮")],
    ...Array.from({ length: Math.max(0, rows - 2) }, (_, index) => [
      border("│"),
      ...fitLine(content.lines[index] ?? [], inner),
      border("│"),
    ]),
    [...cutOrFilled(foot, width - 1, border("─")), border("╯")],
  ];
};

/** `line` in exactly `width` cells, filled up with the border's own stroke. */
const cutOrFilled = (line: Line, width: number, stroke: Piece): Line => {
  const missing = width - lineWidth(line);
  return missing < 0 ? fitLine(line, width) : [...line, { ...stroke, text: stroke.text.repeat(missing) }];
};

/** The part of a longer list that shows, never past its end, and what its title says about the rest. */
export const scrolledLines = (
  lines: readonly Line[],
  from: number,
  rows: number,
): { readonly lines: readonly Line[]; readonly hint: Line } => {
  const first = Math.max(0, Math.min(from, lines.length - rows));
  const below = lines.length - first - rows;
  const hint: Line = below > 0 ? [dim(`${below} more: j`)] : first > 0 ? [dim(`${first} above: k`)] : [];
  return { lines: lines.slice(first, first + rows), hint };
};

/** Parts of a title with dots between them. */
export const dotted = (parts: readonly Line[]): Line =>
  parts
    .filter((part) => part.length > 0)
    .flatMap((part, index) => (index === 0 ? part : [dim(" · "), ...part]));
