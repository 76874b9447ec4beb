/**
 * From what was typed to files: a path, a pattern, a folder, or standard input.
 */
import { glob, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileFault } from "../../core/io/client/source.ts";
import { bad, type Fault, fault, good, type Result } from "../../core/model/faults.ts";

export interface Item {
  /** As the result line names it. */
  readonly file: string;
  /** The file's path, or why there is none. */
  readonly path: Result<string>;
}

/** One item per file, in the order typed; what names no file is an item that failed. */
export const expandPaths = async (words: readonly string[], recursive: boolean): Promise<readonly Item[]> => {
  const items: Item[] = [];
  for (const word of words) items.push(...(await expandOne(word, recursive)));
  return items;
};

const expandOne = async (word: string, recursive: boolean): Promise<readonly Item[]> => {
  if (word === "-") return [{ file: "-", path: good("-") }];
  const kind = await kindOf(word);
  if (kind === "folder")
    return recursive ? filesIn(word) : [failed(word, fault("FILE_IS_FOLDER", { path: word }))];
  if (kind === "file" || !/[*?[\]{}]/.test(word)) return [{ file: word, path: good(word) }];
  const matches: string[] = [];
  for await (const match of glob(word)) matches.push(match);
  if (matches.length === 0) return [failed(word, fault("NOTHING_MATCHES", { pattern: word }))];
  const items: Item[] = [];
  for (const match of matches.sort()) {
    if ((await kindOf(match)) === "file") items.push({ file: match, path: good(match) });
    else if (recursive) items.push(...(await filesIn(match)));
  }
  return items.length > 0 ? items : [failed(word, fault("NOTHING_MATCHES", { pattern: word }))];
};

const failed = (file: string, problem: Fault): Item => ({ file, path: bad(problem) });

const kindOf = async (path: string): Promise<"file" | "folder" | "nothing"> => {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch {
    return "nothing";
  }
};

/** All files below a folder, by name; hidden ones are left out, links are not followed. */
const filesIn = async (folder: string): Promise<readonly Item[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) =>
    fileFault(folder, error),
  );
  if (!Array.isArray(entries)) return [failed(folder, entries)];
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !path
          .slice(folder.length)
          .split(/[\\/]/)
          .some((part) => part.startsWith(".")),
    )
    .sort();
  if (paths.length === 0) return [failed(folder, fault("NOTHING_MATCHES", { pattern: folder }))];
  return paths.map((path) => ({ file: path, path: good(path) }));
};
