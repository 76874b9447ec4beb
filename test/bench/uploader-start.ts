/**
 * Starting processes of clients, and giving them orders.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pictureOfBytes } from "../support/pictures.ts";
import { type Fleet, gone, keepTrackOf } from "./fleet.ts";
import type { Answer, Done, Order, Target, UploaderOptions } from "./uploader.ts";

const program = fileURLToPath(new URL("./uploader.js", import.meta.url));

export interface Picture {
  readonly path: string;
  readonly bytes: number;
}

/** JPEGs of noise, which nothing can compress, of about these many bytes; in the fleet's folder. */
export const makePictures = async (fleet: Fleet, sizes: readonly number[]): Promise<readonly Picture[]> => {
  const pictures: Picture[] = [];
  for (const bytes of sizes) {
    const picture = await pictureOfBytes("image/jpeg", bytes);
    const path = join(fleet.folder, `${bytes}.jpg`);
    writeFileSync(path, picture.bytes);
    pictures.push({ path, bytes: picture.bytes.length });
  }
  return pictures;
};

export class Uploader {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** One picture, by the first client. */
  async upload(picture: number, target: Target): Promise<Done> {
    const answer = this.#answer();
    this.#order({ kind: "upload", picture, target });
    const [done] = (await answer).uploads;
    if (done === undefined) throw new Error("an upload without an end");
    return done;
  }

  begin(picture: number, target: Target): void {
    this.#order({ kind: "begin", picture, target });
  }

  async end(): Promise<readonly Done[]> {
    const answer = this.#answer();
    this.#order({ kind: "end" });
    return (await answer).uploads;
  }

  async close(): Promise<void> {
    this.#order({ kind: "stop" });
    await gone(this.#child);
  }

  #order(order: Order): void {
    this.#child.send(order);
  }

  async #answer(): Promise<Answer> {
    const [answer] = (await once(this.#child, "message")) as [Answer];
    if (answer.failures.length > 0) throw new Error(`an upload failed: ${answer.failures[0]}`);
    return answer;
  }
}

/** Resolves when its clients can be given orders. */
export const startUploader = async (
  fleet: Fleet,
  wish: Pick<UploaderOptions, "clients" | "barePort"> & { readonly pictures: readonly Picture[] },
  more: { readonly nodeArguments?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Uploader> => {
  const folder = join(fleet.folder, "sealed");
  mkdirSync(folder, { recursive: true });
  const options: UploaderOptions = {
    ...wish,
    configPath: fleet.configPath,
    data: fleet.data,
    folder,
    pictures: wish.pictures.map(({ path }) => path),
  };
  const child = keepTrackOf(
    fork(program, [JSON.stringify(options)], {
      execArgv: [...(more.nodeArguments ?? [])],
      env: { ...process.env, NODE_ENV: "production", ...more.env },
    }),
  );
  await once(child, "message");
  return new Uploader(child);
};
