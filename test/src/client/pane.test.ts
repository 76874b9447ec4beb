import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { userNameOf } from "../../../core/model/ids.ts";
import { openHistory } from "../../../src/client/history.ts";
import { openPaneClient, type PaneWords } from "../../../src/client/pane.ts";
import { commandEntries } from "../../../src/client/words.ts";
import type { ClientEvent } from "../../../ui/model/client.ts";
import { lineText } from "../../../ui/model/line.ts";

const room = { columns: 80, rows: 20, depth: "none", graphics: null } as never;
const changing = ["upload", "get", "share", "unshare", "rm", "restore", "purge"];

/** A pane whose client is asked in vain, and by whom. */
const openPane = (words: PaneWords) => {
  const asked: string[] = [];
  const client: unknown = new Proxy(
    {},
    {
      get: (_, name: string) => {
        if (name === "user") return userNameOf("alice");
        if (name === "until") return () => client;
        // Tab and the next Tab ask for ids, and there are none.
        return () => {
          asked.push(name);
          return { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: null }) }) };
        };
      },
    },
  );
  const desk = {
    client,
    config: { limits: { imagePixelsMax: 1 }, storage: { trashMs: 1 } },
    folder: "images",
  };
  const history = openHistory(join(mkdtempSync(join(tmpdir(), "pane-")), "history"));
  const pane = openPaneClient(desk as never, history, words);
  const heard: ClientEvent[] = [];
  pane.subscribe((event) => void heard.push(event));
  const output = (): readonly string[] =>
    heard.flatMap((event) => (event.kind === "output" ? event.lines.map(lineText) : []));
  const say = async (line: string): Promise<readonly string[]> => {
    heard.length = 0;
    const idle = new Promise<void>((resolve) => {
      const stop = pane.subscribe((event) => {
        if (event.kind !== "idle") return;
        stop();
        resolve();
      });
    });
    pane.perform({ kind: "client.run", line }, room);
    await idle;
    return output();
  };
  const complete = (before: string): Promise<ClientEvent> =>
    new Promise((resolve) => {
      pane.subscribe((event) => void (event.kind === "completed" && resolve(event)));
      pane.perform({ kind: "client.complete", before }, room);
    });
  return { pane, say, complete, asked };
};

describe("the client's pane of a console that is read-only", () => {
  test.each([
    ["upload cat.png", "upload"],
    ["get 5f3a9c01", "get"],
    ["share 5f3a9c01 bob", "share"],
    ["unshare 5f3a9c01 bob", "unshare"],
    ["rm 5f3a9c01", "rm"],
    ["restore 5f3a9c01", "restore"],
    ["purge 5f3a9c01 --yes", "purge"],
    ["purge 5f3a9c01 --yes --json", "purge"],
    // A file that is dropped would be uploaded.
    [import.meta.filename, "upload"],
  ])("refuses %s, and asks no node", async (line, name) => {
    const { say, asked } = openPane("only-reading");
    expect(await say(line)).toEqual([
      `error: ${name} is not done here: this console is read-only`,
      `hint: outside of it: distinsta client alice ${name} …`,
    ]);
    expect(asked.filter((what) => what !== "list")).toEqual([]);
  });

  test("tells and completes only what it takes", async () => {
    const { say, complete, pane } = openPane("only-reading");
    const help = (await say("help")).join("\n");
    for (const { name, onlyReads } of commandEntries)
      expect(new RegExp(`^${name} `, "m").test(help)).toBe(onlyReads);
    expect(help).not.toContain("uploaded");
    const completed = await complete("");
    expect(completed.kind === "completed" && completed.choices.map(lineText).join(" ").split(/ +/)).toEqual(
      commandEntries.flatMap(({ name }) => (changing.includes(name) ? [] : [name])),
    );
    expect(pane.first.greeting.map(lineText).join("\n")).toContain("This console is read-only");
  });
});

test("any other pane takes and tells all of it", async () => {
  const { say, complete, pane } = openPane("all");
  const help = (await say("help")).join("\n");
  for (const { name } of commandEntries) expect(help).toMatch(new RegExp(`^${name} `, "m"));
  expect(help).toContain("A path alone is uploaded");
  expect((await say("upload no-such-file.png")).join("\n")).not.toContain("read-only");
  const completed = await complete("up");
  expect(completed).toMatchObject({ text: "upload " });
  expect(pane.first.greeting).toHaveLength(1);
});

test("whatever is not known to change something only reads", () => {
  expect(commandEntries.filter(({ onlyReads }) => !onlyReads).map(({ name }) => name)).toEqual(
    expect.arrayContaining(changing),
  );
});
