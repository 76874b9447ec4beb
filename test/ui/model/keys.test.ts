import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  actionOf,
  bindings,
  footerBindings,
  helpLines,
  keyName,
  keySections,
  panes,
  type Room,
} from "../../../ui/model/keys.ts";

const rooms: readonly Room[] = ["everywhere", "nodes", "load", "client", "log", "field", "prompt", "help"];

describe("the key table", () => {
  test.each(rooms)("no key does two things: %s", (room) => {
    const keys = bindings.filter((binding) => binding.room === room).flatMap((binding) => binding.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("a pane's own key wins over the one that works everywhere, and the field has only its own", () => {
    expect(actionOf("log", "j")).toBe("down");
    expect(actionOf("load", "j")).toBeNull();
    expect(actionOf("load", "q")).toBe("quit");
    expect(actionOf("field", "q")).toBeNull();
    expect(actionOf("help", "p")).toBeNull();
  });

  test("every room can be left, and ^C quits in each but the prompt, where it stops a command", () => {
    for (const room of ["nodes", "load", "client", "log", "field", "help"] as const)
      expect(actionOf(room, "ctrl-c")).toBe("quit");
    expect(actionOf("prompt", "ctrl-c")).toBe("stop");
    expect(actionOf("prompt", "escape")).toBe("leave-field");
    expect(actionOf("prompt", "q")).toBeNull();
    expect(actionOf("field", "escape")).toBe("drop-filter");
    expect(actionOf("help", "escape")).toBe("back");
  });

  test("there is a number for each pane", () => {
    const numbers = bindings.find((binding) => binding.action === "go-to-pane")?.keys;
    expect(numbers).toEqual(panes.map((_, index) => String(index + 1)));
  });

  test("the footer offers a room's own keys first, and help and quit wherever they work", () => {
    expect(footerBindings("log")[0]?.action).toBe("down");
    expect(footerBindings("nodes").map((binding) => binding.action)).toEqual(
      expect.arrayContaining(["help", "quit"]),
    );
    expect(footerBindings("field").map((binding) => binding.short)).toEqual(["keep it", "show all lines"]);
  });

  test("the help has every key, and each line fits into the smallest terminal", () => {
    const rows = keySections.flatMap((section) => section.rows);
    expect(rows.length).toBe(bindings.length);
    expect(helpLines).toBe(rows.length + 2 * keySections.length - 1);
    for (const row of rows) {
      expect(row.keys.join(" ").length).toBeLessThan(14);
      expect(row.says.length).toBeLessThanOrEqual(41);
    }
  });

  test("keys are written as people write them", () => {
    expect(["ctrl-c", "pageup", "shift-tab", "G"].map(keyName)).toEqual(["^C", "PgUp", "Shift+Tab", "G"]);
  });
});

test("docs/console.md has exactly the keys of the table", () => {
  const page = readFileSync(new URL("../../../docs/console.md", import.meta.url), "utf8");
  const documented = page.match(/^(### .*|\| `.*)$/gm);
  const wanted = keySections.flatMap((section) => [
    `### ${section.title}`,
    ...section.rows.map((row) => `| ${row.keys.map((key) => `\`${key}\``).join(" ")} | ${row.says} |`),
  ]);
  expect(documented).toEqual(wanted);
});
