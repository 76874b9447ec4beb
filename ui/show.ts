/**
 * Real pixels over the whole screen, while the console has lent the terminal.
 *
 * Ink has given back the alternate screen and the keys, so both are taken here: what a person had on the ordinary
 * screen is not drawn over. The first key, whatever it is, ends it.
 */
import type { Lend } from "./app.tsx";
import { type Graphics, graphicsGone } from "./pictures/graphics.ts";

export interface Shows {
  /** What the terminal shows besides text; null: nothing. */
  readonly graphics: Graphics | null;
  /** Gives the terminal `text`, which it obeys, while it is lent. Resolves when the console has it back. */
  show(text: string, lend: Lend): Promise<void>;
  /** Ends what shows, as a key does, and any that would be shown later. */
  leave(): Promise<void>;
}

export interface ShowTerminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly graphics: Graphics | null;
}

export const openShows = ({ stdin, stdout, graphics }: ShowTerminal): Shows => {
  const left = new AbortController();
  let showing = Promise.resolve();
  const untilKey = async (text: string): Promise<void> => {
    stdin.setRawMode(true);
    stdout.write(`${enter}${text}`);
    try {
      await key(stdin, left.signal);
    } finally {
      stdout.write(`${graphics === null ? "" : graphicsGone(graphics)}${leave}`);
      stdin.setRawMode(false);
    }
  };
  return {
    graphics,
    show: (text, lend) => {
      showing = lend(() => untilKey(text));
      return showing;
    },
    leave: async () => {
      left.abort();
      // Whoever shows it hears of its failure.
      await showing.catch(() => undefined);
    },
  };
};

const esc = "\u001b";
const enter = `${esc}[?1049h${esc}[?25l${esc}[2J${esc}[H`;
const leave = `${esc}[?25h${esc}[?1049l`;

/** The console read by `readable` before and will again, so that nothing flows meanwhile. */
const key = (stdin: NodeJS.ReadStream, left: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (left.aborted) return resolve();
    const done = (): void => {
      stdin.off("readable", onReadable);
      left.removeEventListener("abort", done);
      stdin.unref();
      resolve();
    };
    const onReadable = (): void => {
      if (stdin.read() !== null) done();
    };
    stdin.ref();
    stdin.on("readable", onReadable);
    left.addEventListener("abort", done);
  });
