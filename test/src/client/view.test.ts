import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { Client } from "../../../core/io/client/client.ts";
import { bad, type Fault, FaultError, fault, good, type Result } from "../../../core/model/faults.ts";
import { type ImageId, shortId, userNameOf } from "../../../core/model/ids.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { type Board, boardCells, openPreviews } from "../../../src/client/board.ts";
import { depthOf, type Screen, screenOn } from "../../../src/client/screen.ts";
import { talkTo } from "../../../src/client/talk.ts";
import { view } from "../../../src/client/view.ts";
import type { Picture, PictureTile } from "../../../ui/model/picture.ts";
import { idOf, recordOf } from "../../support/records.ts";

const esc = String.fromCharCode(27);
const pixelsMax = 1_000_000;

/** A picture of one colour. */
const painted = async (width: number, height: number, background: string): Promise<Uint8Array> =>
  new Uint8Array(
    await sharp({ create: { width, height, channels: 3, background } })
      .png()
      .toBuffer(),
  );

interface Kept {
  readonly width: number;
  readonly height: number;
  readonly thumbnail: Uint8Array | null;
  readonly whole: Uint8Array | Fault;
}

/** Images by number; says which were fetched whole. */
class FakeClient {
  readonly user = userNameOf("alice");
  readonly opened: ImageId[] = [];
  readonly #kept: ReadonlyMap<ImageId, Kept>;

  constructor(...kept: readonly Kept[]) {
    this.#kept = new Map(kept.map((image, n) => [idOf(n), image]));
  }

  async find(part: string): Promise<Result<ImageId>> {
    const found = [...this.#kept.keys()].find((id) => id === part || shortId(id) === part);
    return found === undefined ? bad(fault("IMAGE_NOT_FOUND", { id: part })) : good(found);
  }
  async describe(id: ImageId) {
    const { width = 0, height = 0 } = this.#kept.get(id) ?? {};
    const plain = recordOf(id);
    return good({ record: { ...plain, facts: { ...plain.facts, width, height } }, live: [] });
  }
  async thumbnail({ facts }: ImageRecord) {
    return good(this.#kept.get(facts.id)?.thumbnail ?? null);
  }
  async open(id: ImageId): Promise<Result<Uint8Array>> {
    this.opened.push(id);
    const whole = this.#kept.get(id)?.whole;
    if (whole instanceof Uint8Array) return good(whole);
    return bad(whole ?? fault("IMAGE_NOT_FOUND", { id }));
  }
}

const show = async (client: FakeClient, ids: readonly string[], changes: Partial<Screen> | null = {}) => {
  let drawn = "";
  const said: string[] = [];
  const voice = {
    result: (line: string) => said.push(line),
    aside: (line: string) => said.push(line),
    complaint: (what: string) => said.push(what),
    progress: { show: () => undefined, done: () => undefined, clear: () => undefined },
  };
  const screen: Screen = {
    columns: 40,
    rows: 22,
    depth: "truecolor",
    graphics: null,
    write: (text) => {
      drawn += text;
    },
    ...changes,
  };
  const talk = talkTo(voice, false, null, changes === null ? null : screen);
  const code = await view(client as unknown as Client, talk, ids, pixelsMax);
  return { code, drawn, said };
};

/** The same in the console's pane, on a screen of 40x22. */
const pinned = async (client: FakeClient, ids: readonly string[]) => {
  const pictures: Picture[] = [];
  const said: string[] = [];
  const voice = {
    result: (line: string) => said.push(line),
    aside: (line: string) => said.push(line),
    complaint: (what: string) => said.push(what),
    progress: { show: () => undefined, done: () => undefined, clear: () => undefined },
  };
  const board: Board = {
    ...boardCells({ columns: 40, rows: 22 }),
    pin: (picture) => pictures.push(picture),
    uploaded: () => undefined,
  };
  const code = await view(
    client as unknown as Client,
    talkTo(voice, false, null, null, board),
    ids,
    pixelsMax,
  );
  return { code, pictures, said };
};

const unreadable = fault("IMAGE_UNAVAILABLE", { id: "x", reason: "no node has it" });
const lines = (text: string): readonly string[] => text.split("\n").slice(0, -1);

describe("view", () => {
  test("draws the thumbnail where that is enough, and says what it is", async () => {
    const thumbnail = await painted(256, 128, "#ff0000");
    const client = new FakeClient({ width: 2_000, height: 1_000, thumbnail, whole: unreadable });
    const { code, drawn, said } = await show(client, [idOf(0)]);
    expect(code).toBe(0);
    expect(client.opened).toEqual([]);
    expect(lines(drawn)).toHaveLength(10);
    expect(drawn).toContain(`${esc}[38;2;255;0;0;48;2;255;0;0m${"▀".repeat(40)}${esc}[0m\n`);
    expect(said).toEqual([`${shortId(idOf(0))}  2000x1000  1.0 kB  cat.png`]);
  });

  test("fetches the image where there is room for more than the thumbnail has, or where there is none", async () => {
    const thumbnail = await painted(16, 8, "#ff0000");
    const whole = await painted(200, 100, "#0000ff");
    const client = new FakeClient(
      { width: 200, height: 100, thumbnail, whole },
      { width: 200, height: 100, thumbnail: null, whole },
      { width: 16, height: 8, thumbnail, whole: unreadable },
    );
    for (const n of [0, 1]) {
      const { code, drawn } = await show(client, [idOf(n)]);
      expect(code).toBe(0);
      expect(drawn).toContain("38;2;0;0;255");
      expect(lines(drawn)).toHaveLength(10);
    }
    // A picture that is no larger than its thumbnail stays as small as it is.
    expect(lines((await show(client, [idOf(2)])).drawn)).toHaveLength(4);
    expect(client.opened).toEqual([idOf(0), idOf(1)]);
  });

  test("draws with what the terminal has: 256 colours, shades, or real pixels", async () => {
    const thumbnail = await painted(256, 256, "#ff0000");
    const client = new FakeClient({ width: 256, height: 256, thumbnail, whole: thumbnail });
    expect((await show(client, [idOf(0)], { depth: "256" })).drawn).toContain(`${esc}[38;5;196;48;5;196m▀`);
    const plain = await show(client, [idOf(0)], { depth: "plain" });
    expect(plain.drawn).not.toContain(esc);
    expect(lines(plain.drawn).every((line) => line === "░".repeat(40))).toBe(true);
    const kitty = await show(client, [idOf(0)], { graphics: "kitty" });
    expect(kitty.drawn).toContain(`${esc}_Ga=T,f=100,q=2,c=32,r=16,m=`);
    const base64 = [...kitty.drawn.matchAll(/;([A-Za-z0-9+/=]+)/g)].map(([, piece]) => piece).join("");
    const { width, height } = await sharp(Buffer.from(base64, "base64")).metadata();
    expect({ width, height }).toEqual({ width: 256, height: 256 });
  });

  test("shows several on a sheet, also when one of them cannot be shown", async () => {
    const thumbnail = await painted(256, 128, "#00ff00");
    const client = new FakeClient(
      { width: 256, height: 128, thumbnail, whole: thumbnail },
      { width: 256, height: 128, thumbnail: null, whole: new Uint8Array([1, 2, 3]) },
    );
    const { code, drawn, said } = await show(client, [idOf(0), idOf(1), "nope"], { columns: 80 });
    expect(code).toBe(1);
    expect(drawn).toContain("38;2;0;255;0");
    expect(drawn).toContain("cat.png cannot be sho");
    expect(drawn).toContain("no image nope");
    expect(said).toHaveLength(2);
  });

  test("says what is wrong with an image, and where there is nothing to draw on", async () => {
    const client = new FakeClient(
      { width: 9, height: 9, thumbnail: null, whole: unreadable },
      { width: 9, height: 9, thumbnail: null, whole: await painted(1_100, 1_000, "#000000") },
    );
    expect(await show(client, ["nope"])).toMatchObject({ code: 4, drawn: "" });
    expect(await show(client, [idOf(0)])).toMatchObject({ code: 1, drawn: "" });
    const large = await show(client, [idOf(1)]);
    expect(large).toMatchObject({ code: 1, drawn: "" });
    expect(large.said.join()).toContain("too many pixels");
    const refused = await show(client, [idOf(0)], null).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(FaultError);
    expect(refused instanceof FaultError && refused.fault.code).toBe("NO_TERMINAL");
  });

  test("in the console pins pixels for the whole screen, with the words below them", async () => {
    const thumbnail = await painted(256, 128, "#ff0000");
    const client = new FakeClient({ width: 2_000, height: 1_000, thumbnail, whole: unreadable });
    const { code, pictures, said } = await pinned(client, [idOf(0)]);
    expect([code, said]).toEqual([0, []]);
    const caption = `${shortId(idOf(0))}  2000x1000  1.0 kB  cat.png`;
    expect(pictures).toMatchObject([
      { id: idOf(0), caption, tiles: [{ pixels: { width: 40, height: 20 } }] },
    ]);
    const missing = await pinned(client, ["ffffffff"]);
    expect([missing.code, missing.pictures, missing.said]).toEqual([4, [], ["no image ffffffff"]]);
  });

  test("in the console several are one picture, in which each has its field, and what is wrong is said too", async () => {
    const thumbnail = await painted(256, 256, "#ff0000");
    const seen = { width: 256, height: 256, thumbnail, whole: unreadable };
    const client = new FakeClient(seen, { ...seen, thumbnail: null });
    const { code, pictures, said } = await pinned(client, [idOf(0), idOf(1), "ffffffff"]);
    expect(code).toBe(1);
    expect(pictures).toHaveLength(1);
    const tiles = pictures[0]?.tiles ?? [];
    expect(tiles.map(({ caption }) => caption)).toEqual([
      `${shortId(idOf(0))}  cat.png`,
      `${shortId(idOf(1))}  cat.png`,
      "ffffffff",
    ]);
    expect(tiles.map(({ pixels }) => typeof pixels)).toEqual(["object", "string", "string"]);
    expect(said).toHaveLength(2);
  });
});

describe("a terminal", () => {
  test.each([
    [{ COLORTERM: "truecolor", TERM: "xterm" }, "truecolor"],
    [{ COLORTERM: "24bit" }, "truecolor"],
    [{ TERM: "xterm-kitty" }, "truecolor"],
    [{ TERM: "xterm-direct" }, "truecolor"],
    [{ TERM: "xterm-256color" }, "256"],
    [{ TERM: "tmux-256color" }, "256"],
    [{ TERM: "xterm" }, "plain"],
    [{}, "plain"],
  ])("%j shows pictures in %s", (env, depth) => {
    expect(depthOf(env)).toBe(depth);
  });

  test("that wants no colours gets none and no pixels; a pipe is none", () => {
    const stream = { isTTY: true, columns: 90, rows: 30, write: () => true } as unknown as NodeJS.WriteStream;
    const env = { TERM: "xterm-kitty" };
    expect(screenOn(stream, env, true)).toMatchObject({
      columns: 90,
      rows: 30,
      depth: "truecolor",
      graphics: "kitty",
    });
    for (const plain of [screenOn(stream, { ...env, NO_COLOR: "1" }, true), screenOn(stream, env, false)])
      expect(plain).toMatchObject({ depth: "plain", graphics: null });
    expect(screenOn(stream, { ...env, TERM: "dumb" }, true)).toBeNull();
    expect(screenOn({ write: () => true } as unknown as NodeJS.WriteStream, env, true)).toBeNull();
  });
});

describe("previews", () => {
  test("are of files, one after the other; who uploads many is shown some, the last among them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "distinsta-previews-"));
    const paths = ["a.png", "b.png", "c.png"].map((name) => join(folder, name));
    for (const path of paths) await writeFile(path, await painted(400, 300, "#00ff00"));
    const shown: PictureTile[] = [];
    const { promise: last, resolve } = Promise.withResolvers<void>();
    const { uploaded } = openPreviews(pixelsMax, (tile) => {
      shown.push(tile);
      if (tile.caption === "c.png") resolve();
    });
    for (const path of paths) uploaded(path);
    await last;
    expect(shown.map(({ caption }) => caption)).toEqual(["a.png", "c.png"]);
    expect(shown[0]?.pixels).toMatchObject({ width: 24, height: 18 });
    await rm(folder, { recursive: true });
  });

  test("are left out where nothing can be decoded, and go on after it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "distinsta-previews-"));
    await writeFile(join(folder, "good.png"), await painted(8, 8, "#00ff00"));
    await writeFile(join(folder, "bad.png"), "no picture");
    const { promise: first, resolve } = Promise.withResolvers<string>();
    const { uploaded } = openPreviews(pixelsMax, ({ caption }) => resolve(caption));
    uploaded(join(folder, "missing.png"));
    uploaded(join(folder, "bad.png"));
    uploaded(join(folder, "good.png"));
    expect(await first).toBe("good.png");
    await rm(folder, { recursive: true });
  });

  test("of a command that is over are forgotten when the next begins", async () => {
    const folder = await mkdtemp(join(tmpdir(), "distinsta-previews-"));
    for (const name of ["old.png", "waits.png", "new.png"])
      await writeFile(join(folder, name), await painted(8, 8, "#00ff00"));
    const shown: string[] = [];
    const { promise: came, resolve } = Promise.withResolvers<void>();
    const { uploaded, forget } = openPreviews(pixelsMax, ({ caption }) => {
      shown.push(caption);
      resolve();
    });
    uploaded(join(folder, "old.png"));
    uploaded(join(folder, "waits.png"));
    forget();
    uploaded(join(folder, "new.png"));
    await came;
    expect(shown).toEqual(["new.png"]);
    await rm(folder, { recursive: true });
  });
});
