/**
 * All that is asked of the tables, in SQL.
 *
 * Each query that must not scan names the index that it goes by: SQLite refuses to prepare it when that index
 * does not serve. A page asks for one row more than it may have, to know whether there are more.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { digestSpan } from "./differences.ts";

const counted = [
  ...["id", "tombstone", "readers", "digest", "home_set", "payload_bytes"],
  ...["entry_segment", "entry_at", "entry_extent"],
  ...["payload_segment", "payload_at", "payload_extent"],
];
const bare = [...counted, "owner", "change", "trashed_at", "to_erase", "summary_checksum", "summary"];
const whole = [...bare, "thumbnail_checksum", "thumbnail"];
/** What changes while the record stays an image, or a tombstone, of its owner. */
const changing = whole.filter((name) => !["id", "owner", "tombstone"].includes(name));

const homes = "(SELECT homes FROM home_sets WHERE home_sets.id = records.home_set) AS homes";
const selectWhole = `SELECT ${whole.join()}, ${homes} FROM records`;
const selectBare = `SELECT ${bare.join()}, ${homes} FROM records`;
const ofOwner = "owner = ? AND tombstone = 0";
/** Whose ids come from `readers`; that table is gone through first. */
const selectShared = `SELECT ${bare.map((name) => `records.${name}`).join()}, ${homes}
  FROM readers CROSS JOIN records ON records.id = readers.id`;

const queries = {
  state: "SELECT batch, feed_head, held_images, held_bytes FROM state",
  moveState: `UPDATE state SET batch = ?, feed_head = ?, held_images = held_images + ?,
    held_bytes = held_bytes + ?`,

  counted: `SELECT ${counted.join()}, ${homes} FROM records WHERE id = ?`,
  insert: `INSERT INTO records (${whole.join()}) VALUES (${whole.map((name) => `:${name}`).join()})`,
  update: `UPDATE records SET ${changing.map((name) => `${name} = :${name}`).join()}
    WHERE id = :id AND owner = :owner AND tombstone = :tombstone`,
  delete: "DELETE FROM records WHERE id = ?",

  get: `${selectWhole} WHERE id = ?`,
  changedAfter: `SELECT id, change, digest FROM records INDEXED BY records_by_change
    WHERE change > ? ORDER BY change LIMIT ?`,
  digestOf: "SELECT digest FROM records WHERE id = ?",
  list: `${selectBare} INDEXED BY records_by_owner WHERE ${ofOwner} AND id < ? ORDER BY id DESC LIMIT ?`,
  findBeginning: `${selectBare} INDEXED BY records_by_owner WHERE ${ofOwner} AND id BETWEEN ? AND ?
    ORDER BY id DESC LIMIT ?`,
  findEnd: `${selectBare} INDEXED BY records_by_end WHERE ${ofOwner} AND substr(id, 13) BETWEEN ? AND ?
    ORDER BY id DESC LIMIT ?`,
  listShared: `${selectShared} WHERE readers.reader = ? AND readers.id < ? ORDER BY readers.id DESC LIMIT ?`,
  findSharedBeginning: `${selectShared} WHERE readers.reader = ? AND readers.id BETWEEN ? AND ?
    ORDER BY readers.id DESC LIMIT ?`,
  findSharedEnd: `SELECT ${bare.map((name) => `records.${name}`).join()}, ${homes}
    FROM readers INDEXED BY readers_by_end CROSS JOIN records ON records.id = readers.id
    WHERE readers.reader = ? AND substr(readers.id, 13) BETWEEN ? AND ? ORDER BY readers.id DESC LIMIT ?`,
  addReader: "INSERT INTO readers (reader, id) VALUES (?, ?)",
  dropReader: "DELETE FROM readers WHERE reader = ? AND id = ?",
  walk: `${selectBare} WHERE id > ? ORDER BY id LIMIT ?`,
  inSegment: `SELECT id FROM records INDEXED BY records_by_entry WHERE entry_segment = ?1 AND id > ?2
    UNION SELECT id FROM records INDEXED BY records_by_payload WHERE payload_segment = ?1 AND id > ?2
    ORDER BY id LIMIT ?3`,
  trashedBefore: `${selectWhole} INDEXED BY records_in_trash
    WHERE tombstone = 0 AND trashed_at IS NOT NULL AND trashed_at < ? AND id > ? ORDER BY id LIMIT ?`,
  toErase: `${selectWhole} INDEXED BY records_to_erase WHERE to_erase = 1 ORDER BY id LIMIT ?`,
  tombstones: `${selectWhole} INDEXED BY tombstones WHERE tombstone = 1 AND id > ? ORDER BY id LIMIT ?`,
  bucket: "SELECT id, digest FROM records WHERE id BETWEEN ? AND ? AND id > ? ORDER BY id LIMIT ?",

  supersede: "INSERT OR REPLACE INTO superseded (id, segment, at, extent) VALUES (?, ?, ?, ?)",
  forgetSuperseded: "DELETE FROM superseded WHERE id = ? AND segment = ? AND at = ?",
  supersededOf: "SELECT segment, at, extent FROM superseded WHERE id = ? ORDER BY segment, at",
  dropSuperseded: "DELETE FROM superseded WHERE id = ?",
  forgetSegment: "DELETE FROM superseded INDEXED BY superseded_by_segment WHERE segment = ?",

  segments: "SELECT segment, live_bytes FROM segments ORDER BY segment",
  moveSegment: `INSERT INTO segments (segment, live_bytes) VALUES (?, ?)
    ON CONFLICT DO UPDATE SET live_bytes = live_bytes + excluded.live_bytes`,
  dropSegment: "DELETE FROM segments WHERE segment = ? AND live_bytes = 0",
  inHomeSet: `${selectBare} INDEXED BY records_by_home_set WHERE home_set = ? AND id > ? ORDER BY id LIMIT ?`,
  homeSets: "SELECT homes, here, images, payload_bytes FROM home_sets ORDER BY homes, here",
  findHomeSet: "SELECT id FROM home_sets WHERE homes = ? AND here = ?",
  addHomeSet: "INSERT INTO home_sets (homes, here, images, payload_bytes) VALUES (?, ?, 0, 0) RETURNING id",
  moveHomeSet: `UPDATE home_sets SET images = images + ?, payload_bytes = payload_bytes + ?
    WHERE homes = ? AND here = ?`,
  dropHomeSet: "DELETE FROM home_sets WHERE homes = ? AND here = ? AND images = 0",
  digests: "SELECT bucket, records, digest FROM digests ORDER BY bucket",
  moveDigest: `INSERT INTO digests (bucket, records, digest) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET records = records + excluded.records,
    digest = (digest + excluded.digest) % ${digestSpan}`,
  dropDigest: "DELETE FROM digests WHERE bucket = ? AND records = 0",

  note: "SELECT text FROM notes WHERE name = ?",
  notes: "SELECT name, text FROM notes",
  setNote: "INSERT OR REPLACE INTO notes (name, text) VALUES (?, ?)",
} as const;

export type Statements = Readonly<Record<keyof typeof queries, StatementSync>>;

/** Throws what SQLite throws when a table or an index is missing. */
export const prepareAll = (database: DatabaseSync): Statements =>
  Object.fromEntries(
    Object.entries(queries).map(([name, query]) => [name, database.prepare(query)]),
  ) as unknown as Statements;
