import { describe, expect, it } from "vitest";
import { wallMs } from "../../../core/model/units.ts";
import { identityFile, makeIdentity, parseIdentityFile } from "../../../core/seal/identity.ts";

const identity = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
const recipient = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

describe("an identity file", () => {
  it("looks as age-keygen writes it", () => {
    expect(identityFile({ identity, recipient }, wallMs(Date.UTC(2026, 0, 31, 12, 0, 5, 999)))).toBe(
      `# created: 2026-01-31T12:00:05Z\n# public key: ${recipient}\n${identity}\n`,
    );
  });

  it("is read back", async () => {
    const pair = await makeIdentity();
    expect(await parseIdentityFile(identityFile(pair, wallMs(0)), "p")).toEqual({ ok: true, value: pair });
  });

  it("may have been through an editor, and its comments are not believed", async () => {
    const text = `\r\n# public key: age1other\r\n\r\n  ${identity}  \r\n`;
    expect(await parseIdentityFile(text, "p")).toEqual({ ok: true, value: { identity, recipient } });
  });

  it("is refused without repeating what it says", async () => {
    const mistyped = identity.replace("Q4EGAEX", "Q4EGAEY");
    const wrong = ["", "# nothing\n", "hello\n", mistyped, recipient, `${" ".repeat(70_000)}${identity}`];
    for (const text of wrong) {
      const result = await parseIdentityFile(text, "p");
      expect(result).toMatchObject({ ok: false, fault: { code: "CREDENTIALS_INVALID", path: "p" } });
      expect(JSON.stringify(result)).not.toContain("GFPYYSJZ");
    }
  });
});
