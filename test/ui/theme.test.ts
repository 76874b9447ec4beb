import { describe, expect, test } from "vitest";
import { nodeId } from "../../core/model/ids.ts";
import { nodeMark, styleOf, themeOf } from "../../ui/theme.ts";

describe("the theme", () => {
  test("NO_COLOR takes the colours and leaves bold and dim", () => {
    const theme = themeOf({ NO_COLOR: "1" });
    expect(styleOf(theme, { text: "x", tone: "good" })).toEqual({});
    expect(styleOf(theme, { text: "x", tone: "bad" })).toEqual({ bold: true });
    expect(styleOf(theme, { text: "x", tone: "dim" })).toEqual({ dimColor: true });
    expect(themeOf({ NO_COLOR: "" }).colored).toBe(true);
  });

  test("every node has a shape of its own, so that colours only repeat it", () => {
    const marks = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => nodeMark(nodeId(id)).text);
    expect(new Set(marks).size).toBe(9);
    const styles = [1, 2, 3].map((id) => styleOf({ colored: true }, nodeMark(nodeId(id))).color);
    expect(new Set(styles).size).toBe(3);
  });
});
