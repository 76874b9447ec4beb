/**
 * A terminal's screen in memory: what a program wrote, as cells with characters, colours and styles.
 */
import xterm from "@xterm/headless";

export interface Cell {
  readonly char: string;
  /** 1, or 2 for wide characters; the second half of a wide one is not in the list. */
  readonly width: number;
  /** `#rrggbb`, or null for the terminal's own. */
  readonly foreground: string | null;
  readonly background: string | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly inverse: boolean;
  readonly underline: boolean;
}

export interface Screen {
  readonly columns: number;
  readonly rows: number;
  /** The visible rows, without blanks at their ends. */
  lines(): readonly string[];
  /** The rows joined by newlines. */
  text(): string;
  cells(): readonly (readonly Cell[])[];
  /** Whether the alternate screen is in use. */
  alternate(): boolean;
  cursorVisible(): boolean;
  /** Not in the middle of a frame: programs mark its beginning and end (synchronized output, mode 2026). */
  whole(): boolean;
  /** Everything that was written, control codes included. */
  raw(): string;
}

export interface EmulatedScreen extends Screen {
  /** Resolves when `data` has been taken in. */
  write(data: string): Promise<void>;
  resize(columns: number, rows: number): void;
  /** What the terminal answers to queries of the program. */
  onReply(listener: (data: string) => void): void;
}

export const openScreen = (columns: number, rows: number): EmulatedScreen => {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 1_000 });
  let raw = "";
  const lineAt = (row: number) => terminal.buffer.active.getLine(terminal.buffer.active.baseY + row);
  const lines = (): readonly string[] =>
    Array.from({ length: terminal.rows }, (_, row) => lineAt(row)?.translateToString(true) ?? "");
  return {
    get columns() {
      return terminal.cols;
    },
    get rows() {
      return terminal.rows;
    },
    lines,
    text: () => lines().join("\n"),
    cells: () =>
      Array.from({ length: terminal.rows }, (_, row) => {
        const line = lineAt(row);
        return Array.from({ length: terminal.cols }, (_, column) => line?.getCell(column))
          .filter((cell) => cell !== undefined && cell.getWidth() > 0)
          .map((cell) => cellOf(cell as NonNullable<typeof cell>));
      }),
    alternate: () => terminal.buffer.active.type === "alternate",
    cursorVisible: () => raw.lastIndexOf("\u001b[?25l") <= raw.lastIndexOf("\u001b[?25h"),
    whole: () => raw.lastIndexOf("\u001b[?2026h") <= raw.lastIndexOf("\u001b[?2026l"),
    raw: () => raw,
    write: (data) => {
      raw += data;
      return new Promise((resolve) => {
        terminal.write(data, resolve);
      });
    },
    resize: (newColumns, newRows) => terminal.resize(newColumns, newRows),
    onReply: (listener) => {
      terminal.onData(listener);
    },
  };
};

const cellOf = (cell: xterm.IBufferCell): Cell => ({
  char: cell.getChars() === "" ? " " : cell.getChars(),
  width: cell.getWidth(),
  foreground: colorOf(cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor()),
  background: colorOf(cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor()),
  bold: cell.isBold() !== 0,
  dim: cell.isDim() !== 0,
  inverse: cell.isInverse() !== 0,
  underline: cell.isUnderline() !== 0,
});

const hex = (value: number): string => `#${value.toString(16).padStart(6, "0")}`;

const colorOf = (isRgb: boolean, isPalette: boolean, value: number): string | null => {
  if (isRgb) return hex(value);
  return isPalette ? paletteColor(value) : null;
};

const basic = [
  0x000000, 0xcd3131, 0x0dbc79, 0xe5e510, 0x2472c8, 0xbc3fbc, 0x11a8cd, 0xe5e5e5, 0x666666, 0xf14c4c,
  0x23d18b, 0xf5f543, 0x3b8eea, 0xd670d6, 0x29b8db, 0xffffff,
] as const;
const steps = [0, 95, 135, 175, 215, 255] as const;

/** xterm's 256 colours: 16 basic, a cube of 6×6×6, 24 greys. */
const paletteColor = (index: number): string => {
  const named = basic[index];
  if (named !== undefined) return hex(named);
  if (index >= 232) return hex((8 + 10 * (index - 232)) * 0x010101);
  const cube = index - 16;
  const step = (place: number): number => steps[Math.floor(cube / place) % 6] ?? 0;
  return hex(step(36) * 0x10000 + step(6) * 0x100 + step(1));
};
