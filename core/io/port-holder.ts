/**
 * Which program listens on a port, so that "address in use" can name it.
 *
 * Linux tells in `/proc`: `net/tcp` lists listening sockets with their inode, and each process's `fd` folder
 * links to the inodes it has open (proc(5)). Elsewhere, and for other users' processes, nobody knows: null.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** `name (pid 123)`, or null when it cannot be told. */
export const portHolder = (port: number): string | null => {
  const inodes = new Set(tables.flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return null;
  const pid = listOr("/proc", []).find((name) => /^\d+$/.test(name) && holdsAny(name, inodes));
  return pid === undefined ? null : `${nameOf(pid)} (pid ${pid})`;
};

/** `nginx`; `distinsta server 2` for one of ours. Node calls its threads by what they do, which names no program. */
const nameOf = (pid: string): string => {
  const [file = "", script = "", ...words] = readOr(`/proc/${pid}/cmdline`).split("\0");
  if (basename(script) === "distinsta.js") return ["distinsta", ...words.slice(0, 2)].join(" ").trim();
  return basename(file) || readOr(`/proc/${pid}/comm`).trim() || "a program";
};

const tables = ["/proc/net/tcp", "/proc/net/tcp6"];

/** State 0A is TCP_LISTEN; addresses are `hex address:hex port`. */
const listeningInodes = (table: string, port: number): readonly string[] =>
  readOr(table)
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, , state]) => state === "0A" && Number.parseInt(local?.split(":")[1] ?? "", 16) === port,
    )
    .map((columns) => columns[9] ?? "");

const holdsAny = (pid: string, inodes: ReadonlySet<string>): boolean =>
  listOr(`/proc/${pid}/fd`, []).some((descriptor) => {
    const inode = /^socket:\[(\d+)\]$/.exec(linkOr(`/proc/${pid}/fd/${descriptor}`))?.[1];
    return inode !== undefined && inodes.has(inode);
  });

const readOr = (path: string): string => attempt(() => readFileSync(path, "utf8"), "");
const linkOr = (path: string): string => attempt(() => readlinkSync(path), "");
const listOr = (path: string, none: readonly string[]): readonly string[] =>
  attempt(() => readdirSync(path), none);

/** Processes come and go while we look. */
const attempt = <Value>(look: () => Value, otherwise: Value): Value => {
  try {
    return look();
  } catch {
    return otherwise;
  }
};
