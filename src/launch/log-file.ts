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

export const openLogFile = (path: string, bytesMax: number = fileBytesMax): LogFile => {
  let bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return {
    add: (line) => {
      try {
        if (bytes > bytesMax) {
          renameSync(path, `${path}.old`);
          bytes = 0;
        }
        appendFileSync(path, `${line}\n`);
        bytes += Buffer.byteLength(line) + 1;
      } catch {
        return;
      }
    },
  };
};
