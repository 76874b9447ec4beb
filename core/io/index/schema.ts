/**
 * The tables of the index, and how its file is opened.
 *
 * Records are one table with the thumbnail as its last column: SQLite puts the end of a long row on pages of its
 * own, and a query that leaves the thumbnail out never reads them. What is a sum over all records (live bytes,
 * home sets, digests, holdings) has a table that every change keeps right, so that reading it costs the same at
 * ten records as at ten million.
 *
 * Nothing here is precious: the segments have it all. So a file of another version is not converted; it is
 * thrown away and filled anew. The write-ahead log is synced before its pages are copied into the file, but
 * not at each commit: a power loss takes the last transactions and never the file. What is deleted is
 * overwritten with zeros: a purged image must not be found in pages that nobody uses.
 */
import { chmodSync, closeSync, openSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { secretFile } from "../files.ts";
import { DamagedIndex } from "./sqlite-faults.ts";

/** One more whenever the tables change. */
export const schemaVersion = 2;

/** SQLite's own pages in memory; what it does not keep, the operating system does. */
const cacheKiB = 8_192;
/** The log is copied into the file when it has this many pages of 4 KiB, and cut back to this many bytes. */
const logPages = 2_048;
const logBytesMax = 16_777_216;

const settings = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA wal_autocheckpoint = ${logPages};
  PRAGMA journal_size_limit = ${logBytesMax};
  PRAGMA cache_size = -${cacheKiB};
  PRAGMA secure_delete = ON;
  PRAGMA temp_store = MEMORY;
`;

/**
 * Ids, segments: 16 bytes. A tombstone is in no home set. An "extent" is a place's bytes with its head. Times:
 * milliseconds. Checksums: CRC-32.
 * A table with a rowid, although the id is its key: rows are long, and in a table without one they would fill
 * the inner pages of the tree (measured: lists four times slower, the file a tenth larger).
 */
const tables = `
  CREATE TABLE records (
    id BLOB NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    tombstone INTEGER NOT NULL,
    readers TEXT NOT NULL,
    change INTEGER NOT NULL,
    entry_segment BLOB NOT NULL,
    entry_at INTEGER NOT NULL,
    entry_extent INTEGER NOT NULL,
    payload_segment BLOB,
    payload_at INTEGER,
    payload_extent INTEGER,
    home_set INTEGER,
    payload_bytes INTEGER NOT NULL,
    trashed_at INTEGER,
    to_erase INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    summary_checksum INTEGER NOT NULL,
    thumbnail_checksum INTEGER,
    summary BLOB NOT NULL,
    thumbnail BLOB
  ) STRICT;
  CREATE UNIQUE INDEX records_by_change ON records (change);
  CREATE INDEX records_by_owner ON records (owner, id) WHERE tombstone = 0;
  CREATE INDEX records_by_end ON records (owner, substr(id, 13)) WHERE tombstone = 0;
  CREATE INDEX records_by_entry ON records (entry_segment, id);
  CREATE INDEX records_by_payload ON records (payload_segment, id) WHERE payload_segment IS NOT NULL;
  CREATE INDEX records_by_home_set ON records (home_set, id) WHERE home_set IS NOT NULL;
  CREATE INDEX records_in_trash ON records (id, trashed_at) WHERE tombstone = 0 AND trashed_at IS NOT NULL;
  CREATE INDEX records_to_erase ON records (id) WHERE to_erase = 1;
  CREATE INDEX tombstones ON records (id) WHERE tombstone = 1;

  CREATE TABLE readers (
    reader TEXT NOT NULL,
    id BLOB NOT NULL,
    PRIMARY KEY (reader, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX readers_by_end ON readers (reader, substr(id, 13));

  CREATE TABLE superseded (
    id BLOB NOT NULL,
    segment BLOB NOT NULL,
    at INTEGER NOT NULL,
    extent INTEGER NOT NULL,
    PRIMARY KEY (id, segment, at)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX superseded_by_segment ON superseded (segment);

  CREATE TABLE segments (
    segment BLOB PRIMARY KEY,
    live_bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE home_sets (
    id INTEGER PRIMARY KEY,
    homes TEXT NOT NULL,
    here INTEGER NOT NULL,
    images INTEGER NOT NULL,
    payload_bytes INTEGER NOT NULL,
    UNIQUE (homes, here)
  ) STRICT;

  CREATE TABLE digests (
    bucket INTEGER PRIMARY KEY,
    records INTEGER NOT NULL,
    digest INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE state (
    batch INTEGER NOT NULL,
    feed_head INTEGER NOT NULL,
    held_images INTEGER NOT NULL,
    held_bytes INTEGER NOT NULL
  ) STRICT;
  INSERT INTO state VALUES (0, 0, 0, 0);

  CREATE TABLE notes (
    name TEXT PRIMARY KEY,
    text TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

/** Copies the log into the file, durably, and empties the log. */
export const checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";

/** An open database with the tables above. Throws DamagedIndex when it is of another version, else what SQLite throws. */
export const openDatabase = (path: string): DatabaseSync => {
  makeSecret(path);
  // Nobody else uses the file: who has it open for writing is not waited for.
  const database = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: false });
  try {
    database.exec(settings);
    if (isEmpty(database)) {
      database.exec(`BEGIN; ${tables} PRAGMA user_version = ${schemaVersion}; COMMIT`);
    }
    const version = numberOf(database, "PRAGMA user_version");
    if (version !== schemaVersion) {
      throw new DamagedIndex(`it is of version ${version}, not ${schemaVersion}`);
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

/** The file is gone with its log, whatever it was. The log goes last: without its file it is void. */
export const removeDatabase = (path: string): void => {
  for (const part of ["", "-wal"]) {
    rmSync(`${path}${part}`, { recursive: true, force: true });
  }
};

/** SQLite gives its other files the permissions of the first. */
const makeSecret = (path: string): void => {
  closeSync(openSync(path, "a", secretFile));
  chmodSync(path, secretFile);
};

const isEmpty = (database: DatabaseSync): boolean =>
  numberOf(database, "PRAGMA user_version") === 0 &&
  numberOf(database, "SELECT count(*) FROM sqlite_schema") === 0;

const numberOf = (database: DatabaseSync, query: string): number =>
  Number(Object.values(database.prepare(query).get() ?? {})[0]);
