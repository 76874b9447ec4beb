/**
 * What Tab can offer here: the files of this machine, the user's images, and with whom she shares any.
 *
 * The ids are asked for ahead, after each command, so that Tab hardly ever waits. People are known from the images
 * alone: nobody is told who else there is.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Client } from "../../core/io/client/client.ts";
import { shortId } from "../../core/model/ids.ts";
import { sharedWith } from "../../core/model/readers.ts";
import type { Candidate, Sources } from "./complete.ts";

/** How long Tab waits for ids that are on their way. */
const waitMsMax = 500;
/** Of the newest images; older ones are typed. */
const idsMax = 500;

export interface KnownSources extends Sources {
  /** Asks for the ids anew, in the background. */
  refresh(): void;
}

export const openSources = (client: Client): KnownSources => {
  let ids: readonly Candidate[] | null = null;
  let people: readonly Candidate[] = [];
  let asking: Promise<void> | null = null;
  const ask = async (): Promise<void> => {
    const found: Candidate[] = [];
    const names = new Set<string>();
    for await (const record of client.list()) {
      // Nobody to ask: what was known stays.
      if (!record.ok) return;
      const { id, name } = record.value.facts;
      for (const name of [record.value.facts.owner, ...sharedWith(record.value)]) names.add(name);
      found.push({ word: shortId(id), label: `${shortId(id)}  ${name}`, goesOn: false });
      if (found.length >= idsMax) break;
    }
    ids = found;
    names.delete(client.user);
    people = [...names].sort().map((name) => ({ word: name, label: name, goesOn: false }));
  };
  const refresh = (): void => {
    asking ??= ask().finally(() => {
      asking = null;
    });
  };
  const known = async (): Promise<void> => {
    if (ids === null) refresh();
    if (asking !== null) await Promise.race([asking, setTimeout(waitMsMax)]);
  };
  return {
    paths: pathsHere,
    ids: async () => {
      await known();
      return ids ?? [];
    },
    people: async () => {
      await known();
      return people;
    },
    refresh,
  };
};

/** By name; hidden ones only when the dot is typed. Nothing where nothing can be read. */
const pathsHere = async (folder: string, beginning: string): Promise<readonly Candidate[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const shown = entries
    .filter(({ name }) => name.startsWith(beginning) && (beginning !== "" || !name.startsWith(".")))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return Promise.all(
    shown.map(async (entry) => {
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && (await isFolderAt(join(folder, entry.name))));
      const word = isFolder ? `${entry.name}/` : entry.name;
      return { word, label: word, goesOn: isFolder };
    }),
  );
};

const isFolderAt = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
};
