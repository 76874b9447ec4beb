/**
 * Rows and boxes: the only things that Ink is asked to draw.
 *
 * Every row is one short `Text` that is drawn again only when its words change; one large `Text` would make Ink
 * measure and cache the whole screen at each frame.
 */
import { Box, Text } from "ink";
import { memo, type ReactNode } from "react";
import { dim, fitLine, type Line, lineWidth, type Piece, plain, sameLine } from "../model/line.ts";
import { styleOf, type Theme } from "../theme.ts";

/** What a pane shows inside its borders; fewer lines than rows leave the rest blank. */
export interface PaneContent {
  /** Beside the pane's name. */
  readonly title: Line;
  readonly lines: readonly Line[];
}

interface RowProps {
  readonly line: Line;
  readonly theme: Theme;
}

export const Row = memo(
  ({ line, theme }: RowProps): ReactNode => (
    <Text wrap="truncate">
      {line.map((piece, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no identity but their place
        <Text key={index} {...styleOf(theme, piece)}>
          {piece.text}
        </Text>
      ))}
    </Text>
  ),
  (before, after) => before.theme === after.theme && sameLine(before.line, after.line),
);

interface PaneProps {
  readonly name: string;
  readonly content: PaneContent;
  /** Outer size, borders included. */
  readonly width: number;
  readonly rows: number;
  readonly focused: boolean;
  readonly theme: Theme;
}

/** A box with its title in the upper border. */
export const Pane = ({ name, content, width, rows, focused, theme }: PaneProps): ReactNode => {
  const border = (text: string): Piece => (focused ? { text, tone: "accent" } : dim(text));
  const inner = width - 2;
  const title: Line = [
    border(focused ? "╭─›" : "╭─ "),
    focused ? { text: name, bold: true, tone: "accent" } : { text: name, bold: true },
    ...(content.title.length === 0 ? [] : [plain("  "), ...content.title]),
    plain(" "),
  ];
  const titleLine = cutOrFilled(title, width - 1, border("─"));
  const lines = Array.from({ length: Math.max(0, rows - 2) }, (_, index) => content.lines[index] ?? []);
  return (
    <Box flexDirection="column" width={width} height={rows}>
      <Row theme={theme} line={[...titleLine, border("╮")]} />
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen
        <Row key={index} theme={theme} line={[border("│"), ...fitLine(line, inner), border("│")]} />
      ))}
      <Row theme={theme} line={[border(`╰${"─".repeat(inner)}╯`)]} />
    </Box>
  );
};

/** `line` in exactly `width` cells, filled up with the border's own stroke. */
const cutOrFilled = (line: Line, width: number, stroke: Piece): Line => {
  const missing = width - lineWidth(line);
  return missing < 0 ? fitLine(line, width) : [...line, { ...stroke, text: stroke.text.repeat(missing) }];
};
