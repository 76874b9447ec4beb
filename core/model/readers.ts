/**
 * Who may read an image: its owner, and everybody to whom the owner has wrapped its file key.
 *
 * A reader has a header of her own; that is all that sharing is. What is in the trash is its owner's alone, and of
 * the other readers nobody but the owner hears.
 */
import { parseUserName, type UserName } from "./ids.ts";
import type { ImageRecord, Register, Stamp } from "./records.ts";

type Headers = ImageRecord["headers"];

/** What is known of `reader`; a name may be that of something which every object has: `constructor`. */
export const registerOf = (headers: Headers, reader: string): Register<Uint8Array | null> | null =>
  Object.hasOwn(headers, reader) ? (headers[reader] ?? null) : null;

/** The header that opens it for `reader`, or null. */
export const headerFor = ({ headers }: Pick<ImageRecord, "headers">, reader: string): Uint8Array | null =>
  registerOf(headers, reader)?.value ?? null;

/** With whom the image is shared, sorted; the owner is not among them. */
export const sharedWith = ({ headers, facts }: Pick<ImageRecord, "headers" | "facts">): readonly UserName[] =>
  Object.entries(headers)
    .flatMap(([reader, { value }]) => (value === null ? [] : (parseUserName(reader) ?? [])))
    .filter((reader) => reader !== facts.owner)
    .sort();

/** Who sees it besides its owner. */
export const readersOf = (record: ImageRecord): readonly UserName[] =>
  record.trashed.value === null ? sharedWith(record) : [];

export const mayRead = (record: ImageRecord, user: UserName): boolean =>
  record.facts.owner === user || (record.trashed.value === null && headerFor(record, user) !== null);

/** The record as `user`, who may read it, is shown it. */
export const shownTo = (record: ImageRecord, user: UserName): ImageRecord => {
  if (record.facts.owner === user) return record;
  const own = registerOf(record.headers, user);
  return { ...record, headers: own === null ? {} : { [user]: own } };
};

/** The stamp that is before every other: of a reader of whom nothing was known. */
export const beforeAllStamps: Stamp = { atMs: 0, node: 0 };
