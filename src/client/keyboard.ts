/**
 * The keyboard between the terminal and the line editor.
 *
 * The editor is given one line at a time. While its command runs, what is typed waits here, except ^C, which is
 * told at once; so a command can be stopped, and what was typed ahead is edited and run in its turn. A paste is
 * text and nothing else: its line ends become blanks, so that nothing runs before Return is pressed.
 */
import { PassThrough } from "node:stream";

export interface Keyboard {
  /** For the line editor. */
  readonly input: PassThrough & { isTTY?: boolean; setRawMode?: (on: boolean) => void };
  /** The editor may have the next line. */
  release(): void;
  close(): void;
}

/** Typed ahead; more is dropped. */
const heldMax = 65_536;

const pasteOn = "\u001b[?2004h";
const pasteOff = "\u001b[?2004l";

/** `onInterrupt`: ^C while no line is being edited. */
export const openKeyboard = (
  stdin: NodeJS.ReadStream,
  terminal: NodeJS.WriteStream,
  onInterrupt: () => void,
): Keyboard => {
  const input: Keyboard["input"] = new PassThrough();
  input.isTTY = true;
  input.setRawMode = (on) => stdin.setRawMode(on);
  const pastes = pasteFilter();
  let held = "";
  let editing = false;
  const give = (): void => {
    if (!editing || held === "") return;
    const end = /[\r\n]/.exec(held);
    const text = end === null ? held : held.slice(0, end.index + 1);
    held = held.slice(text.length);
    editing = end === null;
    input.write(text);
  };
  const onData = (bytes: Buffer | string): void => {
    const text = pastes(String(bytes));
    const stop = editing ? -1 : text.lastIndexOf("\u0003");
    if (stop >= 0) {
      held = text.slice(stop + 1);
      onInterrupt();
      return;
    }
    if (!editing && text.includes("\u001a")) stopThisJob(stdin);
    held = (held + (editing ? text : text.replaceAll("\u001a", ""))).slice(0, heldMax);
    give();
  };
  const onEnd = (): void => {
    input.end();
  };
  // A shell that this job came back from has switched it off.
  const onContinue = (): void => {
    terminal.write(pasteOn);
  };
  process.on("SIGCONT", onContinue);
  stdin.setEncoding("utf8");
  stdin.on("data", onData);
  stdin.on("end", onEnd);
  terminal.write(pasteOn);
  return {
    input,
    release: () => {
      editing = true;
      give();
    },
    close: () => {
      terminal.write(pasteOff);
      stdin.off("data", onData);
      stdin.off("end", onEnd);
      process.off("SIGCONT", onContinue);
      stdin.setRawMode(false);
      stdin.pause();
      input.end();
    },
  };
};

/** What the terminal itself does at ^Z when it is not in raw mode. */
const stopThisJob = (stdin: NodeJS.ReadStream): void => {
  process.once("SIGCONT", () => stdin.setRawMode(true));
  stdin.setRawMode(false);
  process.kill(process.pid, "SIGTSTP");
};

const pasteBegin = "\u001b[200~";
const pasteEnd = "\u001b[201~";

/** Takes the marks of pastes out, and out of pastes everything that an editor would obey. */
export const pasteFilter = (): ((text: string) => string) => {
  let rest = "";
  let pasting = false;
  return (text) => {
    let left = rest + text;
    let out = "";
    for (;;) {
      const mark = pasting ? pasteEnd : pasteBegin;
      const at = left.indexOf(mark);
      const upTo = at >= 0 ? at : left.length - partialMark(left, mark);
      out += pasting ? asText(left.slice(0, upTo)) : left.slice(0, upTo);
      left = left.slice(upTo);
      if (at < 0) break;
      left = left.slice(mark.length);
      pasting = !pasting;
    }
    rest = left;
    return out;
  };
};

/** How much of `mark` the text ends with. A lone Escape is the key of that name. */
const partialMark = (text: string, mark: string): number => {
  for (let length = mark.length - 1; length >= 2; length--)
    if (text.endsWith(mark.slice(0, length))) return length;
  return 0;
};

const asText = (pasted: string): string => pasted.replace(/[\p{Cc}]+/gu, " ");
