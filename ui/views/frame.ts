/**
 * The whole screen as rows, a function of the model: header, panes (or what stands over them), warnings, keys.
 *
 * Panes that stand beside each other are put together here, so that whoever draws gets nothing but as many rows as
 * the terminal has, each exactly as wide.
 */
import { bindings } from "../model/keys.ts";
import { borderRows, type Layout, type Place, sizeMin } from "../model/layout.ts";
import { cutText, dim, displayWidth, fitLine, type Line, lineWidth, plain } from "../model/line.ts";
import { type ConsoleModel, liveCluster, modelLayout } from "../model/model.ts";
import { deckPanes, isDeckPane, type PaneId, paneName, paneNumber } from "../model/panes.ts";
import type { Theme } from "../theme.ts";
import { beatsPane } from "./beats.ts";
import { clientPane } from "./client.ts";
import { eventsPane } from "./events.ts";
import { footerLines, noticeLines } from "./footer.ts";
import { headerLine } from "./header.ts";
import { helpPane } from "./help.ts";
import { loadPane } from "./load.ts";
import { copyLines, logPane } from "./log.ts";
import { nodesPane } from "./nodes.ts";
import { type PaneContent, paneLines } from "./pane.ts";
import { pictureScreen } from "./picture.ts";
import { menuPane, menuWidth } from "./questions.ts";
import { riskPane } from "./risk.ts";
import { trafficPane } from "./traffic.ts";
import { transfersPane } from "./transfers.ts";

/** Exactly as many lines as the terminal has rows. */
export const frameLines = (model: ConsoleModel, theme: Theme): readonly Line[] => {
  const layout = modelLayout(model);
  const { columns, rows } = model.size;
  if (layout.kind === "too-small") return tooSmall(model);
  if (model.overlay?.kind === "copy") return copyLines(model, model.overlay.below, columns, rows);
  if (model.overlay?.kind === "picture") return pictureScreen(model.overlay.picture, model.size, theme.depth);
  const body =
    model.overlay?.kind === "help"
      ? paneLines(helpPane(model.overlay.from, layout.room - borderRows), {
          name: "Keys",
          width: columns,
          rows: layout.room,
          focused: true,
          tone: null,
          foot: [],
        })
      : withMenu(model, placed(model, layout, theme), columns);
  return [headerLine(model), ...body, ...noticeLines(model), ...footerLines(model)];
};

/** Each row is made of the panes that it goes through, from left to right. */
const placed = (
  model: ConsoleModel,
  layout: Extract<Layout, { readonly kind: "panes" }>,
  theme: Theme,
): readonly Line[] => {
  const drawn = layout.places.map((place) => ({ place, lines: paneAt(model, place, layout, theme) }));
  return Array.from({ length: layout.room }, (_, row) =>
    drawn
      .filter(({ place }) => row >= place.top && row < place.top + place.rows)
      .toSorted((one, other) => one.place.left - other.place.left)
      .flatMap(({ place, lines }) => lines[row - place.top] ?? []),
  );
};

const paneAt = (
  model: ConsoleModel,
  place: Place,
  layout: Extract<Layout, { readonly kind: "panes" }>,
  theme: Theme,
): readonly Line[] =>
  paneLines(contentOf(place.pane, model, place.width - 2, place.rows - borderRows, theme), {
    name: `${paneNumber(place.pane)} ${paneName(place.pane)}`,
    width: place.width,
    rows: place.rows,
    focused: model.focus === place.pane,
    tone: model.frozen?.kind === "past" && place.pane !== "client" ? "warn" : null,
    foot: deckTabs(model, place, layout),
  });

/** In the border of the deck: what else can stand there, and which of it has something to say. */
const deckTabs = (
  model: ConsoleModel,
  place: Place,
  layout: Extract<Layout, { readonly kind: "panes" }>,
): Line => {
  const alone = layout.places.length === 1;
  const hidden = deckPanes.filter((pane) => !layout.places.some((each) => each.pane === pane));
  if (alone || hidden.length === 0 || !isDeckPane(place.pane) || place.pane !== model.deck) return [];
  const tabs = (named: (pane: PaneId) => boolean): Line =>
    deckPanes.flatMap((pane, index): Line => {
      const name = named(pane) ? ` ${paneName(pane)}` : "";
      const text = `${paneNumber(pane)}${name}${attentionOf(model, pane)}`;
      const here = pane === place.pane;
      return [...(index === 0 ? [] : [dim(" · ")]), here ? { text, bold: true } : dim(text)];
    });
  const all = tabs(() => true);
  return lineWidth(all) <= place.width - tabsExtraCells ? all : tabs((pane) => pane === place.pane);
};

/** The border around them. */
const tabsExtraCells = 6;

const attentionOf = (model: ConsoleModel, pane: PaneId): string => {
  if (pane === "transfers" && model.client.transfers.length > 0) return ` ${model.client.transfers.length}`;
  if (pane !== "risk") return "";
  const cluster = liveCluster(model);
  const risk = cluster?.risk ?? null;
  const copies = risk !== null && risk.underReplicated + risk.unreadable > 0;
  const refill = cluster?.nodes.some((node) => node.state === "rebuilding") === true;
  return copies || refill ? " ▲" : "";
};

/** The menu stands over the panes, below the node list, and leaves the rest to be seen. */
const withMenu = (model: ConsoleModel, body: readonly Line[], columns: number): readonly Line[] => {
  if (model.overlay?.kind !== "menu") return body;
  const content = menuPane(model, model.overlay);
  const width = Math.min(columns, menuWidth);
  const rows = Math.min(body.length, content.lines.length + borderRows);
  const box = paneLines(content, {
    name: `Node ${model.overlay.node}`,
    width,
    rows,
    focused: true,
    tone: null,
    foot: [],
  });
  const top = Math.max(0, Math.floor((body.length - rows) / 2));
  const left = Math.floor((columns - width) / 2);
  return body.map((line, row) => {
    const over = box[row - top];
    if (row < top || over === undefined) return line;
    return [...startOf(line, left), ...over, ...endOf(line, columns, left + width)];
  });
};

/** The first `width` cells of a line; where a wide character would stick out, a blank stands. */
const startOf = (line: Line, width: number): Line => {
  let left = width;
  const kept = line.flatMap((piece) => {
    const text = cutText(piece.text, Math.max(0, left));
    left -= displayWidth(text);
    return text === "" ? [] : [{ ...piece, text }];
  });
  return fitLine(kept, width);
};

/** What a line has from cell `from` on. A wide character before it would shift it, so such lines are left blank. */
const endOf = (line: Line, columns: number, from: number): Line => {
  const wide = line.some(({ text }) => [...text].length !== lineWidth([plain(text)]));
  if (wide) return [plain(" ".repeat(Math.max(0, columns - from)))];
  let skip = from;
  return line.flatMap((piece) => {
    const characters = [...piece.text];
    const kept = characters.slice(Math.max(0, skip));
    skip -= characters.length;
    return kept.length === 0 ? [] : [{ ...piece, text: kept.join("") }];
  });
};

const contentOf = (
  id: PaneId,
  model: ConsoleModel,
  width: number,
  rows: number,
  theme: Theme,
): PaneContent => {
  const colored = theme.depth !== "none";
  switch (id) {
    case "nodes":
      return nodesPane(model, width, rows);
    case "load":
      return loadPane(model, width, rows, colored);
    case "client":
      return clientPane(model, width, rows, theme.depth);
    case "log":
      return logPane(model, width, rows);
    case "events":
      return eventsPane(model, width, rows);
    case "beats":
      return beatsPane(model, width, rows);
    case "traffic":
      return trafficPane(model, width, rows, colored);
    case "risk":
      return riskPane(model, width, rows);
    case "transfers":
      return transfersPane(model, width, rows);
  }
};

/** Fits into any window, however small. */
const tooSmall = (model: ConsoleModel): readonly Line[] => {
  const { columns, rows } = model.size;
  const quit = bindings.find((binding) => binding.action === "quit")?.keys[0] ?? "";
  const lines: readonly Line[] = [
    [{ text: model.setup.title, bold: true }],
    [plain(`needs ${sizeMin.columns}x${sizeMin.rows}, has ${columns}x${rows}`)],
    [plain(`enlarge the window, or ${quit} quits`)],
  ];
  return lines.slice(0, rows).map((line) => fitLine(line, columns));
};
