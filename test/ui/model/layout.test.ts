import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { panes } from "../../../ui/model/keys.ts";
import { borderRows, chartRowsMin, layoutOf, roomOf, sizeMin } from "../../../ui/model/layout.ts";

const at = (columns: number, rows: number, nodes = 3, notices = 1) =>
  layoutOf({ columns, rows }, nodes, null, notices);

/** The client shows only when it is gone to. */
const alone = { kind: "panes", client: 0, clientColumns: 0 };
const beside = (rows: number, clientColumns: number) => ({
  kind: "panes",
  load: rows,
  client: rows,
  clientColumns,
});

describe("the layout", () => {
  test("60x18 has nodes and log, 80x24 sparklines too, 120x40 and 200x60 a chart with the client beside", () => {
    expect(at(60, 18)).toEqual({ ...alone, nodes: 6, load: 0, log: 9, notices: 1 });
    expect(at(80, 24)).toEqual({ ...alone, nodes: 6, load: 5, log: 10, notices: 1 });
    expect(at(120, 40)).toEqual({ ...beside(13, 44), nodes: 6, log: 18, notices: 1 });
    expect(at(200, 60)).toEqual({ ...beside(20, 74), nodes: 6, log: 31, notices: 1 });
  });

  test("below 60x18 there is none", () => {
    expect(at(59, 18).kind).toBe("too-small");
    expect(at(60, 17).kind).toBe("too-small");
    expect(at(sizeMin.columns, sizeMin.rows).kind).toBe("panes");
  });

  test("more warnings take rows from the log alone", () => {
    expect(at(120, 40, 3, 3)).toEqual({ ...beside(13, 44), nodes: 6, log: 16, notices: 3 });
    expect(at(120, 40, 3, 9)).toEqual(at(120, 40, 3, 3));
    expect(at(80, 24, 3, 3)).toEqual(at(80, 24, 3, 1));
  });

  test("nine nodes leave the log its least on a small screen", () => {
    expect(at(80, 18, 9)).toEqual({ ...alone, nodes: 9, load: 0, log: 6, notices: 1 });
  });

  test("the zoomed pane has all the room", () => {
    for (const pane of panes) {
      const layout = layoutOf({ columns: 80, rows: 24 }, 3, pane.id, 1);
      expect(layout).toEqual({ ...alone, nodes: 0, load: 0, log: 0, notices: 1, [pane.id]: 21 });
    }
  });

  test("the rows always add up to the terminal's, and what shows has room for something", () => {
    const sizes = fc.record({
      columns: fc.integer({ min: 60, max: 400 }),
      rows: fc.integer({ min: 18, max: 200 }),
    });
    const zooms = fc.constantFrom(null, "nodes", "load", "client", "log" as const);
    fc.assert(
      fc.property(sizes, fc.nat(9), zooms, fc.nat(12), (size, nodes, zoomed, notices) => {
        const layout = layoutOf(size, nodes, zoomed, notices);
        if (layout.kind === "too-small") throw new Error("it is large enough");
        expect(1 + roomOf(layout) + layout.notices + 1).toBe(size.rows);
        if (layout.clientColumns > 0) expect(layout.client).toBe(layout.load);
        else expect(layout.client === 0 || layout.load === 0).toBe(true);
        for (const pane of panes) expect(layout[pane.id] === 0 || layout[pane.id] > borderRows).toBe(true);
        if (zoomed === null) expect(layout.log).toBeGreaterThanOrEqual(6);
        const chart = layout.load - borderRows;
        if (zoomed === null && layout.load > 0 && chart !== Math.max(1, nodes))
          expect(chart).toBeGreaterThanOrEqual(chartRowsMin);
      }),
    );
  });
});
