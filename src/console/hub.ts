/**
 * Where everything that a console is told comes together: from child processes, from servers, from acts. What comes
 * before the console listens is kept for it.
 */
import type { ConsoleEvent, ConsoleSource } from "../../ui/run.ts";

export interface Hub extends ConsoleSource {
  tell(event: ConsoleEvent): void;
}

const beforeMax = 1_000;

export const openHub = (): Hub => {
  const listeners = new Set<(event: ConsoleEvent) => void>();
  const before: ConsoleEvent[] = [];
  return {
    tell: (event) => {
      if (listeners.size === 0 && before.length < beforeMax) before.push(event);
      for (const listener of listeners) listener(event);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      for (const event of before.splice(0)) listener(event);
      return () => listeners.delete(listener);
    },
  };
};
