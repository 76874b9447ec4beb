import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { discardParts, PartFile, sealedName } from "../../../../core/io/client/sealed-file.ts";
import { imageId } from "../../../../core/model/ids.ts";
import { testFolder } from "../../../support/folders.ts";
import { hashOf, idOf } from "../../../support/records.ts";

const id = imageId("019a7afd-1e01-7000-8000-0000456789ab");

describe("the name of a sealed image", () => {
  test("says what it is, when, and which", () => {
    expect(sealedName("cat.png", id)).toBe("cat_20251113T021320001Z_456789ab.png.age");
  });

  test.each([
    ["no ending", "cat", "cat_"],
    ["a path", "../../etc/passwd", "__"],
    ["only dots", "..", "__"],
    ["hidden", ".cat.png", "_cat_"],
    ["what Windows forbids", 'a<b>:"c"|d?*.png', "a_b___c__d___"],
    ["control characters", "a\u0000\u001b\n.png", "a____"],
    ["a direction", "a\u202egnp.exe", "a_gnp_"],
    ["other scripts", "猫の写真.png", "猫の写真_"],
    ["letters in two pieces", "cafe\u0301.png", "cafe\u0301_"],
    ["nothing before its ending", "_.png", "__"],
  ])("is safe for a name with %s", (_, name, beginning) => {
    const sealed = sealedName(name, id);
    expect(sealed.startsWith(beginning)).toBe(true);
    expect(sealed.endsWith(".age")).toBe(true);
  });

  test("is taken by every file system, whatever the name was, and differs by image", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (name) => {
        const sealed = sealedName(name, id);
        expect(Buffer.byteLength(`${sealed}.part`)).toBeLessThanOrEqual(255);
        expect(sealed).not.toMatch(/^\.|[/\\:*?"<>|\p{Cc}]/u);
        expect(sealed.isWellFormed()).toBe(true);
        expect(sealedName(name, idOf(2))).not.toBe(sealed);
      }),
    );
    expect(Buffer.byteLength(sealedName(`${"猫".repeat(80)}.${"写".repeat(80)}`, id))).toBeLessThan(250);
  });
});

describe("a part file", () => {
  const head = Buffer.from("head ");
  const body = Buffer.from("body");

  test("is in its place only when it is finished, with its head outside the hash", async () => {
    const folder = testFolder();
    const file = new PartFile(join(folder, "deep", "cat.age"));
    await file.restart(head);
    await file.write(body);
    expect(readdirSync(join(folder, "deep"))).toEqual(["cat.age.part"]);
    expect(file.bytes).toBe(4);
    expect(await file.finish(id, hashOf(body))).toEqual({ ok: true, value: file.path });
    expect(readdirSync(join(folder, "deep"))).toEqual(["cat.age"]);
    expect(readFileSync(file.path, "utf8")).toBe("head body");
  });

  test("begins anew for another try", async () => {
    const file = new PartFile(join(testFolder(), "cat.age"));
    await file.restart(head);
    await file.write(Buffer.from("from a node that died half-way"));
    await file.restart(head);
    await file.write(body);
    expect((await file.finish(id, hashOf(body))).ok).toBe(true);
    expect(readFileSync(file.path, "utf8")).toBe("head body");
  });

  test("leaves its head to the caller, who needs it for the next try", async () => {
    const own = Uint8Array.from(head);
    const file = new PartFile(join(testFolder(), "cat.age"));
    await file.restart(own);
    await file.restart(own);
    await file.write(body.slice());
    expect((await file.finish(id, hashOf(body))).ok).toBe(true);
    expect(readFileSync(file.path, "utf8")).toBe("head body");
    expect(own).toEqual(Uint8Array.from(head));
  });

  test("with other bytes than the receipt says is removed, and what was there before stays", async () => {
    const folder = testFolder();
    writeFileSync(join(folder, "cat.age"), "an older one");
    const file = new PartFile(join(folder, "cat.age"));
    await file.restart(head);
    await file.write(Buffer.from("b0dy"));
    expect(await file.finish(id, hashOf(body))).toMatchObject({ ok: false, fault: { code: "SEAL_BROKEN" } });
    expect(readdirSync(folder)).toEqual(["cat.age"]);
    expect(readFileSync(file.path, "utf8")).toBe("an older one");
  });

  test("that cannot take its place is removed", async () => {
    const folder = testFolder();
    mkdirSync(join(folder, "cat.age"));
    const file = new PartFile(join(folder, "cat.age"));
    await file.restart(head);
    expect(await file.finish(id, null)).toMatchObject({ ok: false, fault: { code: "FILE_UNWRITABLE" } });
    expect(readdirSync(folder)).toEqual(["cat.age"]);
  });

  test("that cannot be begun says so", async () => {
    const folder = testFolder();
    writeFileSync(join(folder, "file"), "");
    const file = new PartFile(join(folder, "file", "cat.age"));
    await expect(file.restart(head)).rejects.toMatchObject({ fault: { code: "FILE_UNWRITABLE" } });
    await file.discard();
  });

  test("leaves nothing when it is given up, or when the program ends", async () => {
    const folder = testFolder();
    const given = new PartFile(join(folder, "a"));
    await given.restart(head);
    await given.discard();
    await given.discard();
    const ended = new PartFile(join(folder, "b"));
    await ended.restart(head);
    expect(existsSync(`${ended.path}.part`)).toBe(true);
    discardParts();
    expect(readdirSync(folder)).toEqual([]);
    await ended.discard();
  });
});
