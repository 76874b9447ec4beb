/** Fetching an image from servers of which the first breaks off: what it sent is given up, and nothing of it is left. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Got, getOpened, getSealed } from "../../../../core/io/client/get.ts";
import { PartFile } from "../../../../core/io/client/sealed-file.ts";
import type { Session } from "../../../../core/io/client/session.ts";
import type { Result } from "../../../../core/model/faults.ts";
import type { ImageRecord } from "../../../../core/model/records.ts";
import { makeHeader } from "../../../../core/seal/header.ts";
import { makeIdentity } from "../../../../core/seal/identity.ts";
import { fingerprint } from "../../../../core/seal/nonce.ts";
import { sealWhole } from "../../../../core/seal/payload.ts";
import { hashOf, idOf, recordOf } from "../../../support/records.ts";
import { must } from "../pki/fixtures.ts";
import { FakeServers, lost, one } from "./fake-session.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "distinsta-get-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const id = idOf(1);
const keys = await makeIdentity();
const { header, fileKey } = must(makeHeader([keys.recipient]));
const plain = new Uint8Array(5_000).fill(7);
const payload = sealWhole(fileKey, new Uint8Array(16).fill(1), plain);
const { facts } = recordOf(id);
const record: ImageRecord = recordOf(id, {
  facts: {
    ...facts,
    payloadBytes: payload.length,
    payloadHash: hashOf(payload),
    fingerprint: fingerprint(keys.identity, hashOf(plain)),
  },
  headers: { alice: { stamp: { atMs: 1, node: 1 }, value: header } },
});
const found = { kind: "get.found", record } as const;

type Get = (session: Session, fileFor: (record: ImageRecord) => PartFile) => Promise<Result<Got>>;
test.each<[string, Get, Uint8Array]>([
  [
    "as stored",
    (session, fileFor) => getSealed(session, "alice", id, fileFor),
    Buffer.concat([header, payload]),
  ],
  ["opened", (session, fileFor) => getOpened(session, "alice", keys, id, fileFor), plain],
])(
  "%s: the file that one server began is closed before another is begun, and only the whole one is left",
  async (_, get, wanted) => {
    const servers = new FakeServers({
      1: (_, frame) => [found, payload.slice(0, 1_000), lost(one)][frame] ?? null,
      2: (_, frame) => [found, payload.slice()][frame] ?? null,
    });
    servers.session.answered.last = one;
    const happened: string[] = [];
    const got = await get(servers.session, () => {
      const file = new PartFile(join(folder, "cat"));
      happened.push("begun");
      const discard = file.discard.bind(file);
      vi.spyOn(file, "discard").mockImplementation(async () => {
        await discard();
        happened.push("given up");
      });
      return file;
    });
    expect(must(got).savedAs).toBe(join(folder, "cat"));
    expect(happened).toEqual(["begun", "given up", "begun"]);
    expect(readdirSync(folder)).toEqual(["cat"]);
    expect(readFileSync(join(folder, "cat")).equals(wanted)).toBe(true);
  },
);
