/**
 * The glue between Ink and the store: keys and pastes in, rows out. It decides nothing.
 *
 * This is the first module that loads React and Ink, so whoever imports it must have set NODE_ENV before.
 */
import { type Instance, render, useApp, useInput, usePaste } from "ink";
import { type ReactNode, useEffect, useSyncExternalStore } from "react";
import { keysOf } from "./input.ts";
import type { Store } from "./store.ts";
import type { Theme } from "./theme.ts";
import { Screen } from "./views/screen.tsx";

/** Gives the terminal away while `task` runs, then takes it back and draws everything anew. */
export type Lend = (task: () => Promise<void>) => Promise<void>;

interface AppProps {
  readonly store: Store;
  readonly theme: Theme;
  readonly onLend: (lend: Lend) => void;
}

export const App = ({ store, theme, onLend }: AppProps): ReactNode => {
  const model = useSyncExternalStore(store.subscribe, store.get);
  const { suspendTerminal } = useApp();
  useEffect(() => onLend((task) => suspendTerminal(task)), [onLend, suspendTerminal]);
  useInput((input, key) => {
    for (const name of keysOf(input, key)) store.dispatch({ kind: "key", key: name });
  });
  usePaste((text) => store.dispatch({ kind: "paste", text }));
  return <Screen model={model} theme={theme} />;
};

export interface ScreenOptions {
  readonly store: Store;
  readonly theme: Theme;
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

export const openScreen = ({ store, theme, stdin, stdout }: ScreenOptions): OpenScreen => {
  let lend: Lend = (task) => task();
  const instance: Instance = render(
    <App
      store={store}
      theme={theme}
      onLend={(given) => {
        lend = given;
      }}
    />,
    {
      stdin,
      stdout,
      // The caller has made sure of a terminal; left alone, Ink would think otherwise wherever CI is set.
      interactive: true,
      alternateScreen: true,
      incrementalRendering: true,
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
