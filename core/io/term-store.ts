/**
 * The few numbers on which the election's safety rests, in a small file of their own.
 *
 * `term.json` is one line of JSON with a checksum, replaced as a whole and synced before `save` returns. A file
 * that does not check out is never taken for an empty one: a node that forgot its vote could vote twice.
 */
import { crc32 } from "node:zlib";
import { bad, type Fault, fault, good, type Result, wordFault } from "../model/faults.ts";
import { parseBoot, parseNodeId, parseTerm } from "../model/ids.ts";
import type { DurableTerm, TermStore } from "../ports.ts";
import { readText, writeFileAtomically } from "./files.ts";
import type { SpareRoom } from "./spare-room.ts";

/** Far more than the numbers take. */
const fileBytesMax = 1_024;

/**
 * `room`: on the same disk, for a save when it is full. Faults: DISK_FAILED (cannot be read or written), DATA_FOREIGN
 * (not a term file, or a damaged one).
 */
export const openTermStore = (path: string, room: SpareRoom): TermStore => ({
  load: () => {
    const text = readText(path, fileBytesMax);
    if (text.ok) return parse(text.value, path);
    return text.fault.code === "FILE_NOT_FOUND" ? good(null) : bad(failed(path, text.fault));
  },
  save: (state) => {
    const written = room.save(() => writeFileAtomically(path, `${format(state)}\n`));
    return written.ok ? written : bad(failed(path, written.fault));
  },
});

/** `crc32` covers the numbers as written here, without spaces. */
const format = ({ term, votedFor, boot, saves }: DurableTerm): string => {
  const numbers = { term, votedFor, boot, saves };
  return JSON.stringify({ ...numbers, crc32: crc32(JSON.stringify(numbers)) });
};

const parse = (text: string, path: string): Result<DurableTerm> => {
  const state = read(text);
  if (state !== null && format(state) === text.trimEnd()) return good(state);
  return bad(fault("DATA_FOREIGN", { path, reason: "its checksum does not fit: it is damaged" }));
};

const read = (text: string): DurableTerm | null => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  const term = parseTerm(fields.term);
  const boot = parseBoot(fields.boot);
  const votedFor = fields.votedFor === null ? null : parseNodeId(fields.votedFor);
  const { saves } = fields;
  if (term === null || boot === null || (votedFor === null && fields.votedFor !== null)) return null;
  return typeof saves === "number" && Number.isSafeInteger(saves) ? { term, votedFor, boot, saves } : null;
};

const failed = (path: string, problem: Fault): Fault =>
  fault("DISK_FAILED", { path, reason: wordFault(problem).what });
