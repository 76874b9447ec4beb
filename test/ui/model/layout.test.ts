import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  borderRows,
  chartRowsMin,
  type Layout,
  layoutOf,
  type Place,
  placeOf,
  sizeMin,
} from "../../../ui/model/layout.ts";
import { deckPanes, type PaneId, panes } from "../../../ui/model/panes.ts";

const at = (columns: number, rows: number, nodeCount = 3, noticeRows = 1): Layout =>
  layoutOf({ columns, rows }, { nodeCount, noticeRows, questionRows: 1, zoomed: null, deck: "log" });
const shape = (layout: Layout): Partial<Record<PaneId, string>> =>
  layout.kind === "panes"
    ? Object.fromEntries(layout.places.map(({ pane, width, rows }) => [pane, `${width}x${rows}`]))
    : {};

describe("the layout", () => {
  test("60x18 has nodes and deck, 80x24 sparklines too, 120x40 a chart with the client, 200x60 everything", () => {
    expect(shape(at(60, 18))).toEqual({ nodes: "60x6", log: "60x9" });
    expect(shape(at(80, 24))).toEqual({ nodes: "80x6", load: "80x5", log: "80x10" });
    expect(shape(at(120, 40))).toEqual({
      nodes: "120x6",
      load: "76x13",
      client: "44x13",
      log: "120x18",
    });
    expect(Object.keys(shape(at(200, 60))).toSorted()).toEqual(panes.map(({ id }) => id).toSorted());
  });

  test("below 60x18 there is none", () => {
    expect(at(59, 18).kind).toBe("too-small");
    expect(at(60, 17).kind).toBe("too-small");
    expect(at(sizeMin.columns, sizeMin.rows).kind).toBe("panes");
  });

  test("more warnings take rows from the lowest places alone", () => {
    const [one, three] = [shape(at(120, 40, 3, 1)), shape(at(120, 40, 3, 3))];
    expect(three).toEqual({ ...one, log: "120x16" });
    expect(at(120, 40, 3, 9)).toEqual(at(120, 40, 3, 3));
    // A small screen tells one warning, in two rows where it is long; a question may take two as well.
    const small = shape(at(80, 24, 3, 1));
    expect(shape(at(80, 24, 3, 2))).toEqual({ ...small, log: "80x9" });
    expect(at(80, 24, 3, 3)).toEqual(at(80, 24, 3, 2));
    const asked = { nodeCount: 3, noticeRows: 2, questionRows: 2, zoomed: null, deck: "log" } as const;
    expect(shape(layoutOf({ columns: 80, rows: 24 }, asked))).toEqual({ ...small, log: "80x8" });
  });

  test("nine nodes leave the deck its least on a small screen, and the risk its place on a large one", () => {
    expect(shape(at(80, 18, 9))).toEqual({ nodes: "80x9", log: "80x6" });
    expect(Object.keys(shape(at(200, 60, 9)))).toContain("beats");
    expect(Object.keys(shape(at(200, 60, 9)))).not.toContain("risk");
    expect(Object.keys(shape(at(200, 80, 9)))).toContain("risk");
  });

  test("the zoomed pane has all the room, and the deck shows whose turn it is", () => {
    for (const { id } of panes)
      expect(
        shape(
          layoutOf(
            { columns: 80, rows: 24 },
            { nodeCount: 3, noticeRows: 1, questionRows: 1, zoomed: id, deck: "log" },
          ),
        ),
      ).toEqual({ [id]: "80x21" });
    for (const deck of deckPanes)
      expect(
        shape(
          layoutOf(
            { columns: 80, rows: 24 },
            { nodeCount: 3, noticeRows: 1, questionRows: 1, zoomed: null, deck },
          ),
        )[deck],
      ).toBe("80x10");
  });

  test("the places fill the screen exactly, without a gap or an overlap", () => {
    const wish = fc.record({
      nodeCount: fc.nat(9),
      noticeRows: fc.nat(12),
      questionRows: fc.constantFrom(1 as const, 2 as const),
      zoomed: fc.constantFrom(null, ...panes.map(({ id }) => id)),
      deck: fc.constantFrom(...deckPanes),
    });
    const sizes = fc.record({
      columns: fc.integer({ min: 60, max: 400 }),
      rows: fc.integer({ min: 18, max: 200 }),
    });
    fc.assert(
      fc.property(sizes, wish, (size, wanted) => {
        const layout = layoutOf(size, wanted);
        if (layout.kind === "too-small") throw new Error("it is large enough");
        expect(1 + layout.room + layout.notices + wanted.questionRows).toBe(size.rows);
        expect(new Set(layout.places.map(({ pane }) => pane)).size).toBe(layout.places.length);
        const area = layout.places.reduce((sum, { width, rows }) => sum + width * rows, 0);
        expect(area).toBe(size.columns * layout.room);
        for (const place of layout.places) {
          expect(place.rows).toBeGreaterThan(borderRows);
          expect(place.left + place.width).toBeLessThanOrEqual(size.columns);
          expect(place.top + place.rows).toBeLessThanOrEqual(layout.room);
          for (const other of layout.places) expect(other === place || !overlap(place, other)).toBe(true);
        }
        const load = placeOf(layout, "load");
        if (
          wanted.zoomed === null &&
          load !== null &&
          load.rows - borderRows !== Math.max(1, wanted.nodeCount)
        )
          expect(load.rows - borderRows).toBeGreaterThanOrEqual(chartRowsMin);
      }),
    );
  });
});

const overlap = (one: Place, other: Place): boolean =>
  one.left < other.left + other.width &&
  other.left < one.left + one.width &&
  one.top < other.top + other.rows &&
  other.top < one.top + one.rows;
