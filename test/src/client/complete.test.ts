import { describe, expect, test } from "vitest";
import { type Candidate, completeLine } from "../../../src/client/complete.ts";
import { commandEntries } from "../../../src/client/words.ts";

const reading = { home: "/Users/alice", escapes: true };
const folders: Readonly<Record<string, readonly string[]>> = {
  ".": ["cat.png", "cats/", "dog.png", "my pics/", "it's.png"],
  "my pics/": ["red one.jpg", "red two.jpg", "blue.jpg"],
  "/Users/alice/": ["holiday.png"],
};
const sources = {
  paths: async (folder: string, beginning: string): Promise<readonly Candidate[]> =>
    (folders[folder] ?? [])
      .filter((name) => name.startsWith(beginning))
      .map((name) => ({ word: name, label: name, goesOn: name.endsWith("/") })),
  ids: async (): Promise<readonly Candidate[]> =>
    [
      ["5f3a9c01", "cat.png"],
      ["5f3b0000", "dog.png"],
      ["aa000001", "red one.jpg"],
    ].map(([id = "", name]) => ({ word: id, label: `${id}  ${name}`, goesOn: false })),
  people: async (): Promise<readonly Candidate[]> =>
    ["bob", "bobby", "carol"].map((name) => ({ word: name, label: name, goesOn: false })),
};

/** The line after Tab, and what there is to choose from. */
const tab = async (before: string): Promise<readonly [string, readonly string[]]> => {
  const completion = await completeLine(before, sources, reading);
  if (completion === null) return [before, []];
  return [before.slice(0, completion.from) + completion.text, completion.choices];
};

describe("Tab", () => {
  test.each([
    ["up", "upload "],
    ["  li", "  list "],
    ["help st", "help status "],
    ["upload do", "upload dog.png "],
    ["upload my", "upload my\\ pics/"],
    ["upload 'my", "upload 'my pics/"],
    ["upload my\\ pics/b", "upload my\\ pics/blue.jpg "],
    ["upload 'my pics/b", "upload 'my pics/blue.jpg' "],
    ['upload "my pics/b', 'upload "my pics/blue.jpg" '],
    ["upload it", "upload it\\'s.png "],
    ["upload 'it", "upload it\\'s.png "],
    ["upload ~", "upload ~/"],
    ["upload ~/h", "upload ~/holiday.png "],
    ["upload dog.png -", "upload dog.png --"],
    ["upload --rec", "upload --recursive "],
    ["get 5f3a", "get 5f3a9c01 "],
    ["get AA", "get aa000001 "],
    ["share 5F3A", "share 5f3a9c01 "],
    ["share 5f3a9c01 c", "share 5f3a9c01 carol "],
    ["unshare 5f3a9c01 b", "unshare 5f3a9c01 bob"],
    ["share 5f3a9c01 carol c", "share 5f3a9c01 carol c"],
    ["get aa000001 -o do", "get aa000001 -o dog.png "],
    ["get aa000001 5f3b", "get aa000001 5f3b0000 "],
    ["get 5f3a9c01 5f", "get 5f3a9c01 5f3b0000 "],
    ["./do", "./do"],
    ["'my", "'my pics/"],
    ["file:///Users/alice/h", "/Users/alice/holiday.png "],
  ])("%s → %s", async (before, after) => {
    expect((await tab(before))[0]).toBe(after);
  });

  test("goes as far as all agree, and then offers what there is", async () => {
    expect(await tab("upload c")).toEqual(["upload cat", ["cat.png", "cats/"]]);
    expect(await tab("get 5f")).toEqual(["get 5f3", ["5f3a9c01  cat.png", "5f3b0000  dog.png"]]);
    expect((await tab("upload my\\ pics/r"))[0]).toBe("upload my\\ pics/red\\ ");
    expect((await tab(""))[1]).toEqual(commandEntries.map(({ name }) => name));
    expect(await tab("re")).toEqual(["restore ", []]);
  });

  test("offers nothing where nothing fits", async () => {
    for (const line of [
      "zzz",
      "list ",
      "status x",
      "upload a --jobs ",
      "help get ",
      "upload nothing-here",
      "share 5f3a9c01 carol ",
    ])
      expect(await completeLine(line, sources, reading)).toBeNull();
  });
});
