/**
 * Where a node that goes on in the background writes its log: a file of lines that is begun anew when it is long, the
 * one before kept beside it. So the newest few megabytes are always there, and never more than twice that.
 */
import { appendFileSync, renameSync, statSync } from "node:fs";

const fileBytesMax = 16_000_000;

export interface LogFile {
  /** A line without its end. What cannot be written is lost: a full disk must not stop the node. */
  add(line: string): void;
}

/** The file is there at once: whoever is told its name looks at it before there is a line. */
export const openLogFile = (path: string, bytesMax: number = fileBytesMax): LogFile => {
  append(path, "");
  let bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return {
    add: (line) => {
      if (bytes > bytesMax && moved(path)) bytes = 0;
      if (append(path, `${line}\n`)) bytes += Buffer.byteLength(line) + 1;
    },
  };
};

const append = (path: string, text: string): boolean => done(() => appendFileSync(path, text));
const moved = (path: string): boolean => done(() => renameSync(path, `${path}.old`));

const done = (write: () => void): boolean => {
  try {
    write();
    return true;
  } catch {
    return false;
  }
};
