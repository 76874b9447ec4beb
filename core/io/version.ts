/** Which version of the program this is: `version` of its package.json. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let known: string | null = null;

/** Found beside the program, whether it runs as sources or built. */
export const programVersion = (): string => {
  known ??= readVersion(dirname(fileURLToPath(import.meta.url)));
  return known;
};

const readVersion = (from: string): string => {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const parsed: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      if (typeof parsed === "object" && parsed !== null && "version" in parsed) return String(parsed.version);
    } catch {
      // Not here; one folder up, perhaps.
    }
  }
  return "unknown";
};
