/** Where the program is, and which version of it: the folder and the `version` of its package.json. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Found above this file, whether it runs as source, built, or put together with others. */
export const programFolder = (): string => {
  const here = dirname(fileURLToPath(import.meta.url));
  let folder = here;
  while (!existsSync(join(folder, "package.json"))) {
    if (folder === dirname(folder)) return here;
    folder = dirname(folder);
  }
  return folder;
};

let known: string | null = null;

export const programVersion = (): string => {
  known ??= readVersion();
  return known;
};

const readVersion = (): string => {
  try {
    const parsed: unknown = JSON.parse(readFileSync(join(programFolder(), "package.json"), "utf8"));
    if (typeof parsed === "object" && parsed !== null && "version" in parsed) return String(parsed.version);
  } catch {
    // Somebody took it away; the program runs without.
  }
  return "unknown";
};
