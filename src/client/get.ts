/** `get ID…`: images out of the store, opened or as stored. */
import { createReadStream, createWriteStream, existsSync, realpathSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Client } from "../../core/io/client/client.ts";
import { PartFile, writeFault } from "../../core/io/client/sealed-file.ts";
import {
  type ExitCode,
  exitCodeOf,
  type Fault,
  FaultError,
  fault,
  sayBytes,
} from "../../core/model/faults.ts";
import { shortId } from "../../core/model/ids.ts";
import type { ImageRecord } from "../../core/model/records.ts";
import { exitCodeOfAll } from "../output.ts";
import { fromHere, type Talk } from "./talk.ts";
import type { ClientCommand } from "./words.ts";

type Get = Extract<ClientCommand, { kind: "get" }>;

export const get = async (
  client: Client,
  talk: Talk,
  command: Get,
  signal: AbortSignal,
): Promise<ExitCode> => {
  refuseNonsense(command, talk.json);
  const faults: (Fault | null)[] = [];
  for (const part of command.ids) {
    const problem = await getOne(client, talk, command, part, signal);
    if (problem?.code === "INTERRUPTED") return exitCodeOf(problem);
    faults.push(problem);
  }
  return exitCodeOfAll(faults);
};

const refuseNonsense = ({ output, ids }: Get, json: boolean): void => {
  const usage = (message: string, hint: string): never => {
    throw new FaultError(fault("USAGE", { message, hint }));
  };
  if (output === "-" && json) usage("-o - and --json both want standard output", "leave one of them out");
  if (output === "-" && process.stdout.isTTY === true)
    usage(
      "the bytes of an image would only spoil the terminal",
      "pipe them on, or save them: distinsta client USER get ID -o FILE",
    );
  if (output !== null && ids.length > 1 && !isFolder(output)) {
    usage(`several images cannot all go to ${output}`, "give a folder that exists, or one id");
  }
};

const getOne = async (
  client: Client,
  talk: Talk,
  command: Get,
  part: string,
  signal: AbortSignal,
): Promise<Fault | null> => {
  const found = await client.find(part);
  if (!found.ok) return told(talk, part, found.fault);
  const id = found.value;
  const { output } = command;
  const stream = output !== null && takesStream(output) ? output : null;
  const scratch = stream === null ? null : await mkdtemp(join(tmpdir(), "distinsta-"));
  try {
    const fileFor = (record: ImageRecord): PartFile => new PartFile(placeOf(record, command, scratch));
    const got = await client.get(id, command.sealed, fileFor);
    if (!got.ok) return told(talk, id, got.fault);
    const { savedAs, record } = got.value;
    const bytes = statSync(savedAs).size;
    const problem = stream === null ? null : await pourInto(stream, savedAs, signal);
    if (problem !== null) return told(talk, id, problem);
    if (stream === "-") return null;
    const place = stream === null ? savedAs : resolve(stream);
    talk.item(
      { id, ok: true, savedAs: place, bytes },
      `✓ ${shortId(record.facts.id)} → ${fromHere(place)} (${sayBytes(bytes)})`,
    );
    return null;
  } finally {
    if (scratch !== null) await rm(scratch, { recursive: true, force: true });
  }
};

const told = (talk: Talk, id: string, problem: Fault): Fault => {
  if (problem.code !== "INTERRUPTED") talk.failure({ id }, problem);
  return problem;
};

const placeOf = (record: ImageRecord, { output, sealed }: Get, scratch: string | null): string => {
  const plain = basename(record.facts.name) || "image";
  const name = sealed ? `${plain}.age` : plain;
  if (scratch !== null) return join(scratch, "image");
  if (output === null) return freeName(name);
  if (isFolder(output)) return freeName(join(output, name));
  // Behind a link is the file that is meant, and not the link.
  return existsSync(output) ? realpathSync(output) : output;
};

/** Standard output, a pipe, a device: what is there must not be replaced by a file, and takes only what is whole. */
const takesStream = (output: string): boolean => {
  if (output === "-") return true;
  const there = statSync(output, { throwIfNoEntry: false });
  return there !== undefined && !there.isFile() && !there.isDirectory();
};

/** Errors: FILE_UNWRITABLE, INTERRUPTED. That nobody reads standard output any more is no fault (`main.ts`). */
const pourInto = async (output: string, path: string, signal: AbortSignal): Promise<Fault | null> => {
  try {
    if (output === "-") await pipeline(createReadStream(path), process.stdout, { end: false, signal });
    else await pipeline(createReadStream(path), createWriteStream(output), { signal });
    return null;
  } catch (error) {
    if (signal.aborted) return fault("INTERRUPTED", {});
    if (output === "-") throw error;
    return writeFault(output, error);
  }
};

/** `cat.png`, or `cat (2).png` when that is taken, and so on. */
const freeName = (path: string): string => {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  let candidate = path;
  for (let copy = 2; existsSync(candidate); copy++) candidate = `${stem} (${copy})${extension}`;
  return candidate;
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
