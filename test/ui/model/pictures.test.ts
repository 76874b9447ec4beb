import { describe, expect, test } from "vitest";
import { lineText, plain } from "../../../ui/model/line.ts";
import { type ConsoleModel, currentRoom, firstModel, shownFlash } from "../../../ui/model/model.ts";
import { picturesMax, previewsMax } from "../../../ui/model/picture.ts";
import { type Message, update } from "../../../ui/model/update.ts";
import { calmScene, gradient, keys, pictureEvent, played, sceneAt, setup, viewScene } from "../scenes.ts";

const press = (model: ConsoleModel, ...pressed: readonly string[]): ConsoleModel =>
  played(model, keys(...pressed));
const asked = (model: ConsoleModel, key: string) => update(model, { kind: "key", key })[1];
const idle: Message = { kind: "client", event: { kind: "idle" } };
const preview = (caption: string): Message => ({
  kind: "client",
  event: { kind: "preview", tile: { pixels: gradient(4, 4), caption } },
});

const seen = viewScene(120, 40);
const looking = press(seen, "ctrl-o");
const shownId = ({ overlay }: ConsoleModel) => (overlay?.kind === "picture" ? overlay.picture.id : overlay);

describe("a picture in what the client has said", () => {
  test("is kept with its line; of older ones only the line is left", () => {
    const many = played(
      seen,
      Array.from({ length: picturesMax + 3 }, (_, at) => pictureEvent(`0000000${at}`, gradient(4, 4))),
    );
    expect(many.client.pictures.map(({ picture }) => picture.id)).toEqual(
      Array.from({ length: picturesMax }, (_, at) => `0000000${at + 3}`),
    );
    const captions = many.client.output.map(lineText).filter((text) => text.includes("cat.png"));
    expect(captions).toHaveLength(picturesMax + 4);
  });

  test("the newest that shows, or is above, fills the screen, and any key leads back", () => {
    const two = played(seen, [pictureEvent("0000beef", gradient(4, 4))]);
    expect(shownId(press(two, "ctrl-o"))).toBe("0000beef");
    expect(shownId(press(two, "escape", "k", "v"))).toBe("2048fd68");
    expect(currentRoom(looking)).toBe("picture");
    for (const key of ["escape", "x", "enter", "left", "v", " "])
      expect([press(looking, key).overlay, asked(looking, key)]).toEqual([null, []]);
    expect(asked(looking, "ctrl-c")).toEqual([{ kind: "quit", background: false }]);
  });

  test("is asked for in real pixels, which are shown while one still looks at it, and at nothing else", () => {
    expect(asked(seen, "ctrl-o")).toEqual([{ kind: "client.enlarge", id: "2048fd68" }]);
    const came: Message = { kind: "client", event: { kind: "enlarged", id: "2048fd68", text: "pixels" } };
    expect(update(looking, came)[1]).toEqual([{ kind: "show", text: "pixels" }]);
    expect(update(seen, came)[1]).toEqual([]);
    const other = played(seen, [pictureEvent("0000beef", gradient(4, 4)), ...keys("ctrl-o")]);
    expect(update(other, came)[1]).toEqual([]);
  });

  test("where there is none, that is said", () => {
    const none = press(calmScene(120, 40), "3", "escape", "v");
    expect([none.overlay, shownFlash(none)?.text]).toEqual([null, "no picture here yet: view ID shows one"]);
  });
});

describe("an album", () => {
  const client = press(calmScene(120, 40), "3", "escape");
  const made: Message = {
    kind: "client",
    event: {
      kind: "picture",
      open: true,
      picture: { id: null, tiles: [{ pixels: gradient(4, 4), caption: "a" }], caption: "an album" },
    },
  };

  test("is asked for once, and opens when it is there", () => {
    expect(asked(client, "V")).toEqual([{ kind: "client.album" }]);
    const waiting = press(client, "V");
    expect(asked(waiting, "V")).toEqual([]);
    const open = played(waiting, [made, idle]);
    expect([currentRoom(open), open.client.running]).toEqual(["picture", false]);
    // A sheet has no larger pixels.
    expect(asked(press(open, "x"), "v")).toEqual([]);
  });

  test("does not stand in the way of somebody who has gone elsewhere", () => {
    expect(played(press(client, "V", "1"), [made]).overlay).toBeNull();
    expect(played(press(client, "V", "?"), [made]).overlay?.kind).toBe("help");
  });
});

test("previews are of the last command, and few", () => {
  const many = played(
    seen,
    Array.from({ length: previewsMax + 2 }, (_, at) => preview(`${at}.png`)),
  );
  expect(many.client.previews.map(({ caption }) => caption)).toEqual(
    Array.from({ length: previewsMax }, (_, at) => `${at + 2}.png`),
  );
  expect(press(many, ..."list").client.previews).toHaveLength(previewsMax);
  expect(press(many, ..."list", "enter").client.previews).toEqual([]);
});

describe("before the client has come", () => {
  const first = { user: "bob", history: ["list", "get 1"], greeting: [[plain("hello bob")]] };
  const joined: Message = { kind: "joined", client: first, acts: [] };
  const empty = firstModel({
    setup,
    now: sceneAt,
    size: { columns: 120, rows: 40 },
    mouse: false,
    client: null,
  });

  test("what is typed waits, and is done when it has come, with its history", () => {
    const waiting = press(empty, "3", "up", "up", "enter", ..."st", "q");
    expect([waiting.client.field.text, waiting.client.output]).toEqual(["", []]);
    const [after, commands] = update(waiting, joined);
    expect(commands).toEqual([{ kind: "client.run", line: "list" }]);
    expect([after.client.field.text, after.client.early]).toEqual(["stq", []]);
    expect(after.client.output.map(lineText)).toEqual(["hello bob", "bob> list"]);
  });

  test("a file that is dropped waits too, wherever one is", () => {
    const dropped = played(empty, [{ kind: "paste", text: "'/tmp/my cat.png'" }, joined]);
    expect([dropped.focus, dropped.client.field.text]).toEqual(["client", "'/tmp/my cat.png'"]);
  });

  test("Esc takes it back, and where nobody's credentials are it is dropped", () => {
    const left = press(empty, "3", ..."list", "escape");
    expect([currentRoom(left), currentRoom(press(left, "?"))]).toEqual(["client", "help"]);
    expect(update(left, joined)[1]).toEqual([]);
    const nobody = update(press(empty, "3", ..."list", "enter"), {
      ...joined,
      client: { ...first, user: null },
    });
    expect([nobody[1], nobody[0].client.early, currentRoom(nobody[0])]).toEqual([[], [], "client"]);
  });
});
