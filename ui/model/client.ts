/**
 * The client's pane: what it has said, what is on its way, and the line that is being typed.
 *
 * Whoever opened the console runs the commands; here is only what a person sees of it. A line goes out as a
 * request, and what comes of it comes back as events.
 */
import { edited, emptyField, type Field, fieldOf, inserted } from "./field.ts";
import type { Action } from "./keys.ts";
import { type Line, plain, printable } from "./line.ts";
import { type Picture, type PictureTile, picturesMax, previewsMax } from "./picture.ts";

/** An upload under way. */
export interface Transfer {
  readonly name: string;
  readonly bytes: number;
  readonly total: number;
  readonly bytesPerSecond: number;
}

/** A key or a paste. */
export type Typed =
  | { readonly kind: "key"; readonly key: string }
  | { readonly kind: "paste"; readonly text: string };

export interface ClientPane {
  /** False until whoever runs the commands has come. */
  readonly ready: boolean;
  /** What was typed before. */
  readonly early: readonly Typed[];
  /** Whose client it is; null where nobody's credentials are. */
  readonly user: string | null;
  /** Oldest first. */
  readonly output: readonly Line[];
  /** Lines of it below what shows; 0 follows. */
  readonly below: number;
  /** Which lines of it have a picture above them, oldest first. */
  readonly pictures: readonly { readonly line: Line; readonly picture: Picture }[];
  readonly transfers: readonly Transfer[];
  /** What the last command has uploaded, oldest first. */
  readonly previews: readonly PictureTile[];
  readonly running: boolean;
  /** Whether keys go into the field. */
  readonly typing: boolean;
  readonly field: Field;
  /** Oldest first. */
  readonly history: readonly string[];
  /** Which line of the history is in the field, from the newest (0); null for one's own. */
  readonly recalled: number | null;
  /** One's own line, while another is recalled. */
  readonly draft: string;
}

export interface FirstClient {
  readonly user: string | null;
  readonly history: readonly string[];
  /** What stands there at first. */
  readonly greeting: readonly Line[];
}

/** What is asked of whoever runs the commands. */
export type ClientRequest =
  | { readonly kind: "client.run"; readonly line: string }
  | { readonly kind: "client.cancel" }
  /** Complete the line up to the cursor. */
  | { readonly kind: "client.complete"; readonly before: string }
  /** The newest images on one sheet. */
  | { readonly kind: "client.album" }
  /** The image as real pixels, where the terminal can show them. */
  | { readonly kind: "client.enlarge"; readonly id: string };

export type ClientEvent =
  | { readonly kind: "output"; readonly lines: readonly Line[] }
  /** `open`: over the whole screen at once. */
  | { readonly kind: "picture"; readonly picture: Picture; readonly open: boolean }
  /** What was just uploaded. */
  | { readonly kind: "preview"; readonly tile: PictureTile }
  /** What makes the terminal show that image. */
  | { readonly kind: "enlarged"; readonly id: string; readonly text: string }
  /** All that are under way. */
  | { readonly kind: "transfers"; readonly transfers: readonly Transfer[] }
  /** The command is done. */
  | { readonly kind: "idle" }
  | {
      readonly kind: "completed";
      readonly before: string;
      /** From here on `before` becomes `text`. */
      readonly from: number;
      readonly text: string;
      /** What to choose from, in words; none when there is no choice. */
      readonly choices: readonly Line[];
    };

export const outputLinesMax = 2_000;
export const historyLinesMax = 1_000;

/** Null for one who is still to come. */
export const firstClient = (first: FirstClient | null): ClientPane => ({
  ready: first !== null,
  early: [],
  user: first?.user ?? null,
  output: first?.greeting ?? [],
  below: 0,
  pictures: [],
  transfers: [],
  previews: [],
  running: false,
  typing: false,
  field: emptyField,
  history: first?.history ?? [],
  recalled: null,
  draft: "",
});

export const clientHeard = (client: ClientPane, event: ClientEvent): ClientPane => {
  switch (event.kind) {
    case "output":
      return withOutput(client, event.lines);
    case "picture":
      return withPicture(client, event.picture);
    case "preview":
      return { ...client, previews: [...client.previews, event.tile].slice(-previewsMax) };
    case "enlarged":
      return client;
    case "transfers":
      return { ...client, transfers: event.transfers };
    case "idle":
      return { ...client, running: false, transfers: [] };
    case "completed":
      return completed(client, event);
  }
};

/** What one reads stays where it is while more comes. */
const withOutput = (client: ClientPane, lines: readonly Line[]): ClientPane => {
  const safe = lines.map((line) => line.map((piece) => ({ ...piece, text: printable(piece.text) })));
  const output = [...client.output, ...safe].slice(-outputLinesMax);
  const below = client.below === 0 ? 0 : Math.min(output.length - 1, client.below + lines.length);
  return { ...client, output, below };
};

/** Its caption is a line like any other. */
const withPicture = (client: ClientPane, picture: Picture): ClientPane => {
  const next = withOutput(client, [[plain(picture.caption)]]);
  const line = next.output.at(-1) ?? [];
  return { ...next, pictures: [...client.pictures, { line, picture }].slice(-picturesMax) };
};

export const pictureAbove = ({ pictures }: ClientPane, line: Line): Picture | null =>
  pictures.find((each) => each.line === line)?.picture ?? null;

/** The newest of those that show or are above; null when there is none. */
export const newestPicture = (client: ClientPane): Picture | null => {
  const shown = client.output.slice(0, client.output.length - client.below);
  const line = shown.findLast((each) => pictureAbove(client, each) !== null);
  return line === undefined ? null : pictureAbove(client, line);
};

/** An answer to what is no longer in the field is late. */
const completed = (
  client: ClientPane,
  event: Extract<ClientEvent, { readonly kind: "completed" }>,
): ClientPane => {
  const { text, cursor } = client.field;
  if (text.slice(0, cursor) !== event.before) return client;
  const before = event.before.slice(0, event.from) + event.text;
  if (event.choices.length > 0 && before.length <= event.before.length)
    return withOutput(client, [...event.choices]);
  return { ...client, field: { text: before + text.slice(cursor), cursor: before.length } };
};

export const promptOf = (client: ClientPane): string => `${client.user ?? ""}> `;

export type ClientUpdated = readonly [ClientPane, readonly ClientRequest[]];

/** Text, typed or pasted. */
export const clientTyped = (client: ClientPane, text: string): ClientPane => ({
  ...client,
  typing: true,
  below: 0,
  field: inserted(client.field, text),
});

/** A key of the rooms `client` and `prompt`; `page` is how many lines show. */
export const clientActed = (client: ClientPane, action: Action, page: number): ClientUpdated => {
  switch (action) {
    case "type":
      return [{ ...client, typing: client.user !== null || !client.ready }, []];
    case "leave-field":
      return [{ ...client, typing: false }, []];
    case "run":
      return ran(client);
    case "complete":
      return [client, [{ kind: "client.complete", before: client.field.text.slice(0, client.field.cursor) }]];
    case "stop":
      if (client.running) return [client, [{ kind: "client.cancel" }]];
      if (client.field.text === "") return [{ ...client, typing: false }, []];
      return [{ ...client, field: emptyField, recalled: null }, []];
    case "older":
      return [recalledBy(client, 1), []];
    case "newer":
      return [recalledBy(client, -1), []];
    case "up":
      return [scrolled(client, 1), []];
    case "down":
      return [scrolled(client, -1), []];
    case "page-up":
      return [scrolled(client, page), []];
    case "page-down":
      return [scrolled(client, -page), []];
    case "first":
    case "last":
      if (!client.typing)
        return [scrolled(client, action === "first" ? outputLinesMax : -outputLinesMax), []];
      return [{ ...client, field: edited(client.field, action) }, []];
    case "left":
    case "right":
    case "erase":
    case "erase-next":
    case "erase-word":
    case "erase-all":
      return [{ ...client, field: edited(client.field, action) }, []];
    default:
      return [client, []];
  }
};

/** While a command runs the next one waits in the field. */
const ran = (client: ClientPane): ClientUpdated => {
  const line = client.field.text;
  if (client.running) return [client, []];
  const echoed = withOutput({ ...client, below: 0 }, [[{ text: promptOf(client), bold: true }, plain(line)]]);
  const next = { ...echoed, field: emptyField, recalled: null, draft: "", previews: [] };
  if (line.trim() === "") return [next, []];
  const known = client.history.at(-1) === line ? client.history : [...client.history, line];
  return [{ ...next, running: true, history: known.slice(-historyLinesMax) }, [{ kind: "client.run", line }]];
};

const recalledBy = (client: ClientPane, by: 1 | -1): ClientPane => {
  const from = client.recalled ?? -1;
  const to = Math.min(client.history.length - 1, Math.max(-1, from + by));
  if (to === from) return client;
  const draft = from === -1 ? client.field.text : client.draft;
  const text = to === -1 ? draft : (client.history.at(-1 - to) ?? "");
  return { ...client, draft, recalled: to === -1 ? null : to, field: fieldOf(text) };
};

const scrolled = (client: ClientPane, by: number): ClientPane => ({
  ...client,
  below: Math.max(0, Math.min(client.output.length - 1, client.below + by)),
});
