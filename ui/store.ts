/**
 * Holds the model between messages. Keys are handled against the store, never against what a view remembers
 * from its last drawing, so that two keys in one burst see each other.
 */
import type { ConsoleModel } from "./model/model.ts";
import type { Command } from "./model/press.ts";
import { type Message, update } from "./model/update.ts";

export interface Store {
  get(): ConsoleModel;
  dispatch(message: Message): void;
  /** `listener` runs after each change. Returns how to stop that. */
  subscribe(listener: () => void): () => void;
}

/** `perform` is given what the update wants done, in order. */
export const createStore = (first: ConsoleModel, perform: (command: Command) => void): Store => {
  const listeners = new Set<() => void>();
  let model = first;
  return {
    get: () => model,
    dispatch: (message) => {
      const [next, commands] = update(model, message);
      const changed = next !== model;
      model = next;
      if (changed) for (const listener of listeners) listener();
      for (const command of commands) perform(command);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
