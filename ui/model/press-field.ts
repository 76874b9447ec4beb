/**
 * Typing a filter or a search. Both work while they are typed, so that one sees what they find.
 */
import { edited, type Field, inserted, isEdit } from "./field.ts";
import type { Action } from "./keys.ts";
import { type ConsoleModel, type Overlay, withFlash } from "./model.ts";
import { found } from "./press-panes.ts";

type FieldOverlay = Extract<Overlay, { readonly kind: "field" }>;

/** A filter is a word or two. */
export const filterTextMax = 120;

export const typedInField = (model: ConsoleModel, text: string): ConsoleModel => {
  if (model.overlay?.kind !== "field") return model;
  const field = inserted(model.overlay.field, text);
  return field.text.length > filterTextMax ? model : applied(model, { ...model.overlay, field });
};

export const actedInField = (model: ConsoleModel, overlay: FieldOverlay, action: Action): ConsoleModel => {
  switch (action) {
    case "keep-field": {
      const kept = { ...model, overlay: null };
      return overlay.what === "search" && overlay.field.text !== "" ? found(kept, -1) : kept;
    }
    case "drop-field":
      return { ...applied(model, { ...overlay, field: { text: "", cursor: 0 } }), overlay: null };
    case "regex":
      return overlay.what === "filter"
        ? applied(model, { ...overlay, regex: !overlay.regex })
        : withFlash(model, "a search is plain text; a filter (/) can be a regular expression", "plain");
    default:
      return isEdit(action) ? applied(model, { ...overlay, field: edited(overlay.field, action) }) : model;
  }
};

/** The filter works while it is typed; it shows the newest lines that match. */
const applied = (model: ConsoleModel, overlay: FieldOverlay): ConsoleModel => {
  const { text }: Field = overlay.field;
  const view = model.logView;
  const logView =
    overlay.what === "search"
      ? { ...view, search: text }
      : { ...view, filter: { text, regex: overlay.regex }, anchor: null };
  return { ...model, overlay, logView };
};
