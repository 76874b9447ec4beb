import { expect, test } from "vitest";
import type { Client } from "../../../core/io/client/client.ts";
import { bad, type Fault, fault } from "../../../core/model/faults.ts";
import { shortId } from "../../../core/model/ids.ts";
import type { Desk } from "../../../src/client/desk.ts";
import { noProgress } from "../../../src/client/progress.ts";
import { talkTo } from "../../../src/client/talk.ts";
import { upload } from "../../../src/client/upload.ts";
import { idOf } from "../../support/records.ts";

const id = idOf(1);
const command = { kind: "upload", paths: ["package.json"], recursive: false, jobs: 1, name: null } as const;

/** What is said when an upload ends so, and the exit code. */
const saidOf = async (problem: Fault, json: boolean) => {
  const said: string[] = [];
  const client = { upload: async () => bad(problem) } as unknown as Client;
  const talk = talkTo(
    {
      result: (line) => said.push(line),
      aside: () => undefined,
      complaint: (what, hint) => said.push(`error: ${what}`, `hint: ${hint}`),
      progress: noProgress,
    },
    json,
  );
  const code = await upload(
    { client, folder: "images" } as Desk,
    talk,
    command,
    new AbortController().signal,
  );
  return { code, said };
};

test("an image that is stored and whose sealed file is not here is said to be stored; a script has its id", async () => {
  const problem = fault("SEALED_NOT_SAVED", { id, reason: "/i/cat.age cannot be written: the disk is full" });
  const complaint = [
    `error: image ${shortId(id)} is stored, but its sealed file could not be saved here: /i/cat.age cannot be written: the disk is full`,
    `hint: do not upload it again; fetch the file: get ${shortId(id)} --sealed`,
  ];
  expect(await saidOf(problem, false)).toEqual({ code: 1, said: complaint });
  const { code, said } = await saidOf(problem, true);
  expect([code, said.slice(0, 2)]).toEqual([1, complaint]);
  expect(JSON.parse(said[2] ?? "")).toMatchObject({
    file: "package.json",
    id,
    ok: false,
    code: problem.code,
  });
});

test("a refusal has no id to go on with", async () => {
  const { said } = await saidOf(fault("ID_TAKEN", { id }), true);
  expect(Object.keys(JSON.parse(said[2] ?? ""))).toEqual(["file", "ok", "code", "message", "hint"]);
});
