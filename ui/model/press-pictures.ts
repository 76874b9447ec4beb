/**
 * Pictures over the whole screen, and what is typed before the client has come.
 *
 * A picture is shown at once as the pane has it. A terminal that shows real pixels is given those when they are there,
 * and until a key is pressed the screen is not the console's.
 */
import { type ClientEvent, newestPicture, type Typed } from "./client.ts";
import type { Action } from "./keys.ts";
import { type ConsoleModel, withFlash } from "./model.ts";
import type { Picture } from "./picture.ts";
import type { Updated } from "./press.ts";

export const viewed = (model: ConsoleModel): Updated => {
  const picture = newestPicture(model.client);
  if (picture === null) return [withFlash(model, "no picture here yet: view ID shows one", "plain"), []];
  const { id } = picture;
  return [
    { ...model, overlay: { kind: "picture", picture } },
    id === null ? [] : [{ kind: "client.enlarge", id }],
  ];
};

export const albumAsked = (model: ConsoleModel): Updated => {
  const { client } = model;
  if (client.user === null) return [model, []];
  if (client.running) return [withFlash(model, "a command runs; then again", "plain"), []];
  return [{ ...model, client: { ...client, running: true, previews: [] } }, [{ kind: "client.album" }]];
};

/** Not over what somebody has gone to meanwhile. */
export const pictureOpened = (model: ConsoleModel, picture: Picture): ConsoleModel =>
  model.overlay === null && model.focus === "client"
    ? { ...model, overlay: { kind: "picture", picture } }
    : model;

/** Too late when another picture is looked at, or none. */
export const enlarged = (
  model: ConsoleModel,
  { id, text }: Extract<ClientEvent, { readonly kind: "enlarged" }>,
): Updated => {
  const looked = model.overlay?.kind === "picture" && model.overlay.picture.id === id;
  return [model, looked ? [{ kind: "show", text }] : []];
};

/** More has been leaned on the keyboard. */
const earlyMax = 1_000;

/** It waits; Esc and ^C take it back. */
export const typedEarly = (model: ConsoleModel, typed: Typed, action: Action | null): ConsoleModel => {
  const { client } = model;
  if (action === "stop" || action === "leave-field")
    return { ...model, client: { ...client, typing: false, early: [] } };
  const early = [...client.early, typed].slice(0, earlyMax);
  return { ...model, focus: "client", client: { ...client, typing: true, early } };
};
