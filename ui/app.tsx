/**
 * The glue between Ink and the store: keys, pastes and the mouse in, rows out. It decides nothing.
 *
 * Every row is one short `Text` that is drawn again only when its words change; one large `Text` would make Ink
 * measure and cache the whole screen at each frame. With a screen reader nothing is drawn over: sentences are written
 * one after the other, and below them the line that is being typed.
 *
 * This is the first module that loads React and Ink, so whoever imports it must have set NODE_ENV before.
 */
import { Box, type Instance, render, Text, useApp, useInput, usePaste, useStdout } from "ink";
import { memo, type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { keysOf } from "./input.ts";
import type { Line } from "./model/line.ts";
import type { ConsoleModel } from "./model/model.ts";
import { withoutReports } from "./mouse-input.ts";
import type { Store } from "./store.ts";
import { styled, type Theme } from "./theme.ts";
import { frameLines } from "./views/frame.ts";
import { promptText, spokenLines } from "./views/spoken.ts";

/** Gives the terminal away while `task` runs, then takes it back and draws everything anew. */
export type Lend = (task: () => Promise<void>) => Promise<void>;

interface AppProps {
  readonly store: Store;
  readonly theme: Theme;
  readonly spoken: boolean;
  readonly onLend: (lend: Lend) => void;
}

const Row = memo(({ text }: { readonly text: string }): ReactNode => <Text wrap="truncate">{text}</Text>);

/** The lines as rows. */
export const Frame = ({
  lines,
  theme,
}: {
  readonly lines: readonly Line[];
  readonly theme: Theme;
}): ReactNode => (
  <Box flexDirection="column">
    {lines.map((line, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place on the screen
      <Row key={index} text={styled(theme, line)} />
    ))}
  </Box>
);

const Spoken = ({ model }: { readonly model: ConsoleModel }): ReactNode => {
  const { write } = useStdout();
  const said = useRef<ConsoleModel | null>(null);
  useEffect(() => {
    const lines = spokenLines(said.current, model, "to-a-person");
    said.current = model;
    if (lines.length > 0) write(`${lines.join("\n")}\n`);
  }, [model, write]);
  return <Text>{promptText(model)}</Text>;
};

/**
 * While a picture is over everything nothing that comes in changes the screen; the same model then keeps Ink from going
 * through thousands of colours again.
 */
const stillView = (get: () => ConsoleModel): (() => ConsoleModel) => {
  let last = get();
  return () => {
    const model = get();
    const still =
      model.overlay?.kind === "picture" && model.overlay === last.overlay && model.size === last.size;
    if (!still) last = model;
    return last;
  };
};

const App = ({ store, theme, spoken, onLend }: AppProps): ReactNode => {
  const [shown] = useState(() => (spoken ? store.get : stillView(store.get)));
  const model = useSyncExternalStore(store.subscribe, shown);
  const { suspendTerminal } = useApp();
  useEffect(() => onLend((task) => suspendTerminal(task)), [onLend, suspendTerminal]);
  useInput((input, key) => {
    for (const name of keysOf(input, key)) store.dispatch({ kind: "key", key: name });
  });
  usePaste((text) => store.dispatch({ kind: "paste", text }));
  if (spoken) return <Spoken model={model} />;
  return <Frame lines={frameLines(model, theme)} theme={theme} />;
};

export interface ScreenOptions {
  readonly store: Store;
  readonly theme: Theme;
  /** In sentences, for a screen reader. */
  readonly spoken: boolean;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
}

export interface OpenScreen {
  readonly lend: Lend;
  /** Gives the terminal back as it was. */
  readonly close: () => void;
  /** Settles when the terminal has been given back; rejects with the error of a view. */
  readonly closed: Promise<void>;
}

export const openScreen = ({ store, theme, spoken, stdin, stdout }: ScreenOptions): OpenScreen => {
  let lend: Lend = (task) => task();
  const instance: Instance = render(
    <App
      store={store}
      theme={theme}
      spoken={spoken}
      onLend={(given) => {
        lend = given;
      }}
    />,
    {
      stdin: withoutReports(stdin, (deed) => store.dispatch({ kind: "mouse", deed })),
      stdout,
      // The caller has made sure of a terminal; left alone, Ink would think otherwise wherever CI is set.
      interactive: true,
      alternateScreen: !spoken,
      incrementalRendering: !spoken,
      isScreenReaderEnabled: spoken,
      maxFps: 30,
      exitOnCtrlC: false,
      patchConsole: false,
    },
  );
  return {
    lend: (task) => lend(task),
    close: () => instance.unmount(),
    closed: instance.waitUntilExit().then(() => undefined),
  };
};
