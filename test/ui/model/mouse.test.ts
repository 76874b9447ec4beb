import { expect, test } from "vitest";
import { placeOf } from "../../../ui/model/layout.ts";
import { type ConsoleModel, modelLayout } from "../../../ui/model/model.ts";
import type { MouseDeed } from "../../../ui/model/mouse.ts";
import type { PaneId } from "../../../ui/model/panes.ts";
import { calmScene, keys, nodeDownScene, played } from "../scenes.ts";

const deed = (model: ConsoleModel, what: MouseDeed["what"], column: number, row: number): ConsoleModel =>
  played(model, [{ kind: "mouse", deed: { what, column, row } }]);
/** The first row inside the pane's borders. */
const inside = (model: ConsoleModel, pane: PaneId): readonly [column: number, row: number] => {
  const place = placeOf(modelLayout(model), pane);
  if (place === null) throw new Error(`${pane} has no place`);
  return [place.left + 2, 1 + place.top + 1];
};

test("a click goes to a pane, and to a node in its list", () => {
  const model = calmScene(120, 40);
  const [column, row] = inside(model, "nodes");
  expect(deed(model, "press", column, row + 2).selected).toBe(2);
  expect(deed(model, "press", column, row).selected).toBe(1);
  expect(deed(model, "press", ...inside(model, "log")).focus).toBe("log");
});

test("in the client it goes there without typing", () => {
  const model = deed(calmScene(120, 40), "press", ...inside(calmScene(120, 40), "client"));
  expect([model.focus, model.client.typing]).toEqual(["client", false]);
});

test("a click on an event selects it", () => {
  const model = played(nodeDownScene(120, 40), keys("5"));
  const [column, row] = inside(model, "events");
  expect(deed(model, "press", column, row).event).toBe(model.live.timeline.items[0]?.number);
  const last = row + model.live.timeline.items.length - 1;
  expect(deed(model, "press", column, last).event).toBeNull();
});

test("the wheel scrolls the pane under it", () => {
  const model = calmScene(120, 40);
  const up = deed(model, "wheel-up", ...inside(model, "log"));
  expect(up.logView.anchor).not.toBeNull();
  expect(deed(up, "wheel-down", ...inside(model, "log")).logView.anchor).toBeNull();
});

test("header, footer and what stands over the panes are not clicked on", () => {
  const model = calmScene(120, 40);
  expect(deed(model, "press", 5, 0)).toEqual(model);
  expect(deed(model, "press", 5, 39)).toEqual(model);
  expect(deed(model, "press", 500, 500)).toEqual(model);
  const help = played(model, keys("?"));
  expect(deed(help, "press", ...inside(model, "log"))).toEqual(help);
});
