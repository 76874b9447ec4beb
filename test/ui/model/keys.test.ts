import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { commandHelp } from "../../../ui/model/commands.ts";
import {
  actionOf,
  bindings,
  footerBindings,
  keyName,
  keySections,
  type Room,
} from "../../../ui/model/keys.ts";
import { panes } from "../../../ui/model/panes.ts";
import { helpLines } from "../../../ui/model/press-pages.ts";
import { helpText } from "../../../ui/views/help.ts";

const rooms = [...new Set<Room>(["everywhere", "load", ...bindings.map(({ room }) => room)])];

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
    for (const room of rooms)
      if (room !== "everywhere" && room !== "prompt" && room !== "leave")
        expect(actionOf(room, "ctrl-c")).toBe("quit");
    expect(actionOf("prompt", "ctrl-c")).toBe("stop");
    expect(actionOf("leave", "ctrl-c")).toBe("leave-stopping");
    expect(actionOf("prompt", "escape")).toBe("leave-field");
    expect(actionOf("prompt", "q")).toBeNull();
    expect(actionOf("field", "escape")).toBe("drop-field");
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
    expect(footerBindings("field").map((binding) => binding.short)).toEqual([
      "keep it",
      "drop it",
      "text or regex",
    ]);
  });

  test("the help has every key of every room, and each line fits into the smallest terminal", () => {
    const rows = keySections.flatMap((section) => section.rows);
    // Traffic, risk and transfers have the keys of the beats, which stand for them.
    const shared = bindings.filter(({ room }) => ["traffic", "risk", "transfers"].includes(room));
    expect(rows.length).toBe(bindings.length - shared.length);
    expect(helpText.length).toBe(helpLines);
    for (const row of [...rows, ...commandHelp.rows]) {
      expect(row.keys.join(" ").length).toBeLessThan(14);
      expect(row.says.length).toBeLessThanOrEqual(42);
    }
  });

  test("keys are written as people write them", () => {
    expect(["ctrl-c", "pageup", "shift-tab", "G"].map(keyName)).toEqual(["^C", "PgUp", "Shift+Tab", "G"]);
  });
});

/** A bar would begin the next cell. */
const cellOf = (key: string): string => `\`${key.replaceAll("|", "\\|")}\``;

test("docs/console.md has exactly the keys of the table", () => {
  const page = readFileSync(new URL("../../../docs/console.md", import.meta.url), "utf8");
  const documented = page.slice(page.indexOf("## Keys and commands")).match(/^(### .*|\| `.*)$/gm);
  const wanted = [...keySections, commandHelp].flatMap((section) => [
    `### ${section.title}`,
    ...section.rows.map(({ keys, says }) => `| ${keys.map(cellOf).join(" ")} | ${says} |`),
  ]);
  expect(documented).toEqual(wanted);
});
