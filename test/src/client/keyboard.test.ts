import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pasteFilter } from "../../../src/client/keyboard.ts";

const filtered = (...parts: readonly string[]): string => {
  const filter = pasteFilter();
  return parts.map(filter).join("");
};

describe("a paste", () => {
  test("is text: what would run, complete or interrupt becomes a blank", () => {
    expect(filtered("\u001b[200~upload a.png\r\nlist\n\u001b[201~")).toBe("upload a.png list ");
    expect(filtered("\u001b[200~a\tb\u0003c\u001b[Ad\u001b[201~\r")).toBe("a b c [Ad\r");
  });

  test("may come in pieces, cut anywhere", () => {
    const whole = "get \u001b[200~one\ntwo\u001b[201~\r\u001b[A";
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: whole.length }),
        fc.integer({ min: 0, max: whole.length }),
        (a, b) => {
          const [from, to] = [Math.min(a, b), Math.max(a, b)];
          // A lone Escape at a cut is taken for the key.
          fc.pre(![from, to].some((cut) => whole[cut - 1] === "\u001b" && cut < whole.length));
          expect(filtered(whole.slice(0, from), whole.slice(from, to), whole.slice(to))).toBe(
            "get one two\r\u001b[A",
          );
        },
      ),
    );
  });

  test("leaves keys alone that are none", () => {
    expect(filtered("\u001b", "list\r", "\u001b[A", "\u0003")).toBe("\u001blist\r\u001b[A\u0003");
  });
});
