import { describe, expect, test } from "vitest";
import type { Client } from "../../../core/io/client/client.ts";
import { type Fault, FaultError, fault, good, type Result } from "../../../core/model/faults.ts";
import type { ImageId } from "../../../core/model/ids.ts";
import { wallMs } from "../../../core/model/units.ts";
import { change } from "../../../src/client/change.ts";
import { info } from "../../../src/client/info.ts";
import { type Confirm, isYes, type Talk, talkTo } from "../../../src/client/talk.ts";
import { why } from "../../../src/client/why.ts";
import { homesAt, idOf, recordOf, storeOf } from "../../support/records.ts";

const [first, second] = [idOf(1), idOf(2)];
const dayMs = 86_400_000;

/** Two images; `refuses` is what the servers say to any change of the second. */
class FakeClient {
  readonly done: string[] = [];
  refuses: Fault | null = null;
  trashedAt: number | null = null;

  async find(part: string): Promise<Result<ImageId>> {
    const found = [first, second].find((id) => id.endsWith(part) || id === part);
    return found === undefined ? { ok: false, fault: fault("IMAGE_NOT_FOUND", { id: part }) } : good(found);
  }
  async trash(id: ImageId, trashed: boolean): Promise<Result<void>> {
    return this.#change(trashed ? "trash" : "restore", id);
  }
  async purge(id: ImageId): Promise<Result<void>> {
    return this.#change("purge", id);
  }
  async describe(id: ImageId) {
    const value = this.trashedAt === null ? null : wallMs(this.trashedAt);
    const record = recordOf(id, {
      homes: homesAt([1, 2, 3]),
      trashed: { stamp: { atMs: 1, node: 1 }, value },
    });
    // Node 2 has another disk by now, node 3 is away.
    const live = [
      { node: 1, store: storeOf(1) },
      { node: 2, store: storeOf(2, 1) },
    ];
    return good({ record, live });
  }
  async #change(what: string, id: ImageId): Promise<Result<void>> {
    if (id === second && this.refuses !== null) return { ok: false, fault: this.refuses };
    this.done.push(`${what} ${id}`);
    return good(undefined);
  }
}

const listen = (json: boolean, confirm: Confirm | null = null) => {
  const results: string[] = [];
  const complaints: string[] = [];
  const progress = { show: () => undefined, done: () => undefined, clear: () => undefined };
  const voice = {
    result: (line: string) => results.push(line),
    aside: (line: string) => results.push(line),
    complaint: (what: string) => complaints.push(what),
    progress,
  };
  const talk: Talk = talkTo(voice, json, confirm);
  return { talk, results, complaints };
};
const calm = new AbortController().signal;
const asClient = (client: FakeClient): Client => client as unknown as Client;

describe("rm, restore and purge", () => {
  test("take any names of several images, and one that fails does not keep the others", async () => {
    const client = new FakeClient();
    const { talk, results } = listen(true);
    const code = await change(asClient(client), talk, { kind: "rm", ids: ["nope", first] }, 30, calm);
    expect(code).toBe(1);
    expect(client.done).toEqual([`trash ${first}`]);
    expect(results.map((line) => JSON.parse(line))).toMatchObject([
      { id: "nope", ok: false, code: "IMAGE_NOT_FOUND" },
      { id: first, ok: true },
    ]);
  });

  test("say to people how it is taken back, and for how long", async () => {
    const { talk, results } = listen(false);
    await change(asClient(new FakeClient()), talk, { kind: "rm", ids: [first] }, 30, calm);
    expect(results[0]).toContain(`restore ${first.slice(-8)}`);
    expect(results[0]).toContain("30 days");
  });

  test("have the code of their failure when all failed in one way", async () => {
    const client = new FakeClient();
    client.refuses = fault("IMAGE_EXPIRED", { id: second });
    const { talk, complaints } = listen(false);
    expect(await change(asClient(client), talk, { kind: "restore", ids: [second] }, 30, calm)).not.toBe(0);
    expect(complaints).toHaveLength(1);
  });

  test("purge asks, and does nothing on anything but yes", async () => {
    const asked: string[] = [];
    const answering = (answer: boolean): Confirm => {
      return async (question) => {
        asked.push(question);
        return answer;
      };
    };
    const client = new FakeClient();
    const purge = { kind: "purge", ids: [first], yes: false } as const;
    expect(await change(asClient(client), listen(false, answering(false)).talk, purge, 30, calm)).toBe(0);
    expect(client.done).toEqual([]);
    expect(await change(asClient(client), listen(false, answering(true)).talk, purge, 30, calm)).toBe(0);
    expect(client.done).toEqual([`purge ${first}`]);
    expect(asked[0]).toContain(first.slice(-8));
    for (const no of ["", "n", "yess", "jo"]) expect(isYes(no)).toBe(false);
    for (const yes of ["y", "Y", " yes "]) expect(isYes(yes)).toBe(true);
  });

  test("purge that is broken off at its question is interrupted; a plain no is an answer, and it is said what follows", async () => {
    const client = new FakeClient();
    const purge = { kind: "purge", ids: [first], yes: false } as const;
    const stop = new AbortController();
    const breakOff: Confirm = async () => {
      stop.abort();
      return false;
    };
    expect(await change(asClient(client), listen(false, breakOff).talk, purge, 30, stop.signal)).toBe(130);
    const no = listen(false, async () => false);
    expect(await change(asClient(client), no.talk, purge, 30, calm)).toBe(0);
    expect(no.results).toEqual([`${first.slice(-8)} stays as it is`]);
    expect(client.done).toEqual([]);
  });

  test("purge where nobody can be asked has to say that it is meant", async () => {
    const client = new FakeClient();
    const purge = { kind: "purge", ids: [first], yes: false } as const;
    for (const talk of [listen(false).talk, listen(true, async () => true).talk])
      await expect(change(asClient(client), talk, purge, 30, calm)).rejects.toThrow(FaultError);
    expect(client.done).toEqual([]);
    expect(await change(asClient(client), listen(true).talk, { ...purge, yes: true }, 30, calm)).toBe(0);
    expect(client.done).toEqual([`purge ${first}`]);
  });
});

describe("info and why", () => {
  test("count a copy only on a node that is there, with the disk that it was made on", async () => {
    const client = new FakeClient();
    const json = listen(true);
    await info(asClient(client), json.talk, first, 30 * dayMs);
    expect(JSON.parse(json.results[0] ?? "")).toMatchObject({
      id: first,
      homes: [
        { node: 1, live: true },
        { node: 2, live: false },
        { node: 3, live: false },
      ],
      trashedAt: null,
      erasedAfter: null,
    });
    const people = listen(false);
    await info(asClient(client), people.talk, first, 30 * dayMs);
    expect(people.results.join("\n")).toContain("node 1, node 2 (not there now), node 3 (not there now)");
  });

  test("tell until when an image is in the trash", async () => {
    const client = new FakeClient();
    client.trashedAt = 0;
    const { talk, results } = listen(true);
    await info(asClient(client), talk, first, 30 * dayMs);
    expect(JSON.parse(results[0] ?? "")).toMatchObject({
      trashed: true,
      trashedAt: "1970-01-01T00:00:00.000Z",
      erasedAfter: "1970-01-31T00:00:00.000Z",
    });
  });

  test("tell who chose the node, when, and who had it on disk when", async () => {
    const client = new FakeClient();
    const { talk, results } = listen(true);
    await why(asClient(client), talk, first);
    const told = JSON.parse(results[0] ?? "");
    const { processing } = recordOf(first);
    expect(told).toMatchObject({ id: first, node: processing.node, term: processing.term });
    expect(told.acknowledged.map(({ node }: { node: number }) => node)).toEqual([1, 2, 3]);
    const people = listen(false);
    await why(asClient(client), people.talk, first);
    expect(people.results[0]).toContain(first.slice(-8));
  });

  test("of an image that is not there fail", async () => {
    await expect(why(asClient(new FakeClient()), listen(false).talk, "nope")).rejects.toThrow(FaultError);
  });
});
