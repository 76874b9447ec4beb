/**
 * What Tab can offer here: the files of this machine, and the user's images.
 *
 * The ids are asked for ahead, so that Tab answers from memory; they are as new as the last command.
 */
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "../../core/io/client/client.ts";
import { shortId } from "../../core/model/ids.ts";
import type { Candidate, Sources } from "./complete.ts";

/** Of the newest images; older ones are typed. */
const idsMax = 500;

export interface KnownSources extends Sources {
  /** Asks for the ids anew, in the background. */
  refresh(): void;
}

export const openSources = (client: Client): KnownSources => {
  let ids: readonly Candidate[] = [];
  let asking = false;
  const ask = async (): Promise<void> => {
    const found: Candidate[] = [];
    for await (const record of client.list()) {
      // Nobody to ask: what was known stays.
      if (!record.ok) return;
      const { id, name } = record.value.facts;
      found.push({ word: shortId(id), label: `${shortId(id)}  ${name}`, goesOn: false });
      if (found.length >= idsMax) break;
    }
    ids = found;
  };
  return {
    paths: pathsHere,
    ids: async () => ids,
    refresh: () => {
      if (asking) return;
      asking = true;
      void ask().finally(() => {
        asking = false;
      });
    },
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
