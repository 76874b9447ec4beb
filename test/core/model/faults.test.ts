import { describe, expect, test } from "vitest";
import {
  type ExitCode,
  exitCodeOf,
  type Fault,
  FaultError,
  fault,
  sayBytes,
  wordFault,
} from "../../../core/model/faults.ts";

/** One of each code, with the exit code that scripts rely on. The type leaves none out. */
const each: { readonly [Code in Fault["code"]]: readonly [Extract<Fault, { code: Code }>, ExitCode] } = {
  USAGE: [fault("USAGE", { message: "bad option", hint: "see: --help" }), 2],
  UNKNOWN_COMMAND: [fault("UNKNOWN_COMMAND", { got: "lst", suggestion: "list" }), 2],
  CONFIG_MISSING: [fault("CONFIG_MISSING", { path: "config.toml" }), 2],
  CONFIG_INVALID: [fault("CONFIG_INVALID", { path: "config.toml", problems: ["a", "b"] }), 2],
  CONFIG_DIFFERS: [fault("CONFIG_DIFFERS", { peer: "node 2", theirs: ["a = 1"], ours: [] }), 2],
  CREDENTIALS_MISSING: [fault("CREDENTIALS_MISSING", { path: "p", command: "distinsta init" }), 2],
  CREDENTIALS_INVALID: [fault("CREDENTIALS_INVALID", { path: "p", reason: "cut short" }), 2],
  CREDENTIALS_EXPIRED: [fault("CREDENTIALS_EXPIRED", { who: "alice", since: "2026-01-01" }), 2],
  CREDENTIALS_REVOKED: [
    fault("CREDENTIALS_REVOKED", { name: "alice", since: "2026-01-01", command: null }),
    5,
  ],
  WRONG_CLUSTER: [fault("WRONG_CLUSTER", { peer: "node 2" }), 2],
  WRONG_ROLE: [fault("WRONG_ROLE", { peer: "h:1", role: "user", wanted: "node 1" }), 2],
  UNAUTHENTICATED: [fault("UNAUTHENTICATED", { reason: "no certificate" }), 1],
  VERSION_MISMATCH: [fault("VERSION_MISMATCH", { peer: "node 2", theirs: 2, ours: 1 }), 1],
  PROTOCOL_VIOLATION: [fault("PROTOCOL_VIOLATION", { reason: "empty frame" }), 1],
  NO_SERVER: [fault("NO_SERVER", { tried: ["a", "b"] }), 3],
  NO_QUORUM: [fault("NO_QUORUM", { live: 1, needed: 2 }), 3],
  NO_LEADER: [fault("NO_LEADER", {}), 3],
  NOT_LEADER: [fault("NOT_LEADER", { node: 1, leader: null }), 1],
  NO_SUCCESSOR: [fault("NO_SUCCESSOR", { to: 2, reason: "it is down" }), 1],
  NODE_NOT_READY: [fault("NODE_NOT_READY", { reason: "it is stopping" }), 1],
  STALE_ASSIGNMENT: [fault("STALE_ASSIGNMENT", { term: 1, ownTerm: 2 }), 1],
  BUSY: [fault("BUSY", { what: "uploads" }), 1],
  SEALED_NOT_SAVED: [fault("SEALED_NOT_SAVED", { id: "x", reason: "r" }), 1],
  OUTCOME_UNKNOWN: [fault("OUTCOME_UNKNOWN", { id: "x", reason: "r" }), 1],
  CONNECTION_REFUSED: [fault("CONNECTION_REFUSED", { address: "h:1" }), 1],
  CONNECTION_LOST: [fault("CONNECTION_LOST", { peer: "node 2", reason: "reset" }), 1],
  TIMED_OUT: [fault("TIMED_OUT", { peer: "node 2", what: "answer", ms: 5 }), 1],
  ADDRESS_IN_USE: [fault("ADDRESS_IN_USE", { address: "h:1", holder: "nginx" }), 1],
  ADDRESS_NOT_HERE: [fault("ADDRESS_NOT_HERE", { address: "h:1" }), 1],
  DATA_IN_USE: [fault("DATA_IN_USE", { path: "p", holder: null }), 1],
  DATA_FOREIGN: [fault("DATA_FOREIGN", { path: "p", reason: "it is node 2's" }), 1],
  FILE_NOT_FOUND: [fault("FILE_NOT_FOUND", { path: "p" }), 1],
  FILE_IS_FOLDER: [fault("FILE_IS_FOLDER", { path: "p" }), 1],
  FILE_UNREADABLE: [fault("FILE_UNREADABLE", { path: "p", reason: "EIO" }), 1],
  FILE_UNWRITABLE: [fault("FILE_UNWRITABLE", { path: "p", reason: "EIO" }), 1],
  FILE_CHANGED: [fault("FILE_CHANGED", { path: "p" }), 1],
  NOTHING_MATCHES: [fault("NOTHING_MATCHES", { pattern: "*.png" }), 1],
  NOT_AN_IMAGE: [fault("NOT_AN_IMAGE", { name: "a" }), 1],
  IMAGE_TYPE_REFUSED: [fault("IMAGE_TYPE_REFUSED", { name: "a", type: "PDF" }), 1],
  IMAGE_EMPTY: [fault("IMAGE_EMPTY", { name: "a" }), 1],
  IMAGE_TOO_LARGE: [fault("IMAGE_TOO_LARGE", { name: "a", bytes: 2_000_000, bytesMax: 1_000_000 }), 1],
  TOO_MANY_PIXELS: [fault("TOO_MANY_PIXELS", { name: "a", width: 9, height: 9, pixelsMax: 5 }), 1],
  HASH_MISMATCH: [fault("HASH_MISMATCH", { id: "x" }), 1],
  ID_TAKEN: [fault("ID_TAKEN", { id: "x" }), 1],
  CLOCK_AHEAD: [fault("CLOCK_AHEAD", { aheadMs: 400_000 }), 1],
  IMAGE_NOT_FOUND: [fault("IMAGE_NOT_FOUND", { id: "x" }), 4],
  IMAGE_AMBIGUOUS: [fault("IMAGE_AMBIGUOUS", { id: "0", candidates: ["01", "02"] }), 2],
  IMAGE_UNAVAILABLE: [fault("IMAGE_UNAVAILABLE", { id: "x", reason: "nobody has it" }), 1],
  IMAGE_CHANGED: [fault("IMAGE_CHANGED", { id: "x" }), 1],
  IMAGE_EXPIRED: [fault("IMAGE_EXPIRED", { id: "x" }), 1],
  IMAGE_NOT_OWNED: [fault("IMAGE_NOT_OWNED", { id: "x", owner: "alice" }), 5],
  NOT_SHARED: [fault("NOT_SHARED", { id: "x", name: "bob" }), 4],
  NOT_VIEWABLE: [fault("NOT_VIEWABLE", { name: "x", reason: "it cannot be decoded" }), 1],
  READERS_FULL: [fault("READERS_FULL", { id: "x", readersMax: 64 }), 1],
  USER_NOT_FOUND: [fault("USER_NOT_FOUND", { name: "bob" }), 4],
  USER_UNKNOWN: [fault("USER_UNKNOWN", { name: "bob" }), 4],
  USER_DOUBTFUL: [fault("USER_DOUBTFUL", { name: "bob", reason: "another CA signed it" }), 1],
  SEAL_BROKEN: [fault("SEAL_BROKEN", { id: "x", reason: "a tag" }), 1],
  NOT_ALLOWED: [fault("NOT_ALLOWED", { what: "that" }), 5],
  DISK_FULL: [fault("DISK_FULL", { path: "p", freeBytes: 10 }), 1],
  DISK_FAILED: [fault("DISK_FAILED", { path: "p", reason: "EIO" }), 1],
  STORE_DAMAGED: [fault("STORE_DAMAGED", { reason: "a batch is missing" }), 1],
  NODE_EXITED: [fault("NODE_EXITED", { node: 2, reason: "SIGKILL" }), 1],
  NO_TERMINAL: [fault("NO_TERMINAL", {}), 2],
  INTERRUPTED: [fault("INTERRUPTED", {}), 130],
};

describe.each(Object.entries(each))("%s", (code, [problem, exitCode]) => {
  test("says in one line what happened, in another what to do, and ends as scripts expect", () => {
    expect(problem.code).toBe(code);
    expect(exitCodeOf(problem)).toBe(exitCode);
    const { what, hint } = wordFault(problem);
    for (const line of [what, hint]) {
      expect(line).toMatch(/^\S.{5,}[^\s.]$/u);
      expect(line).not.toMatch(/\p{Cc}|undefined|null|\[object|NaN/u);
    }
  });

  test("travels as an error with the same words", () => {
    const error = new FaultError(problem);
    expect(error.fault).toBe(problem);
    expect(error.message).toBe(wordFault(problem).what);
  });
});

test("a name cannot give orders to the terminal that shows it", () => {
  const { what } = wordFault(fault("NOT_AN_IMAGE", { name: "\u001b[2Jcat\u202egnp.\r\nerror:\u0007" }));
  expect(what).toBe("?[2Jcat?gnp.??error:? is not an image");
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [9_949, "9.9 kB"],
  [9_950, "10 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [1_500_000, "1.5 MB"],
  [12_000_000_000, "12 GB"],
  [5e15, "5000 TB"],
])("%d bytes are said as %s", (bytes, said) => {
  expect(sayBytes(bytes)).toBe(said);
});

test("images are named by their short ids, and what was typed stays as it was typed", () => {
  const id = "01937f3a-1234-7abc-8def-0123456789ab";
  expect(wordFault(fault("IMAGE_NOT_OWNED", { id, owner: "bob" })).what).toBe(
    "image 456789ab belongs to bob",
  );
  expect(wordFault(fault("IMAGE_NOT_FOUND", { id })).what).toBe(`no image ${id}`);
  expect(wordFault(fault("FILE_NOT_FOUND", { path: `${id}.png` })).what).toContain(id);
});

test("a folder with nothing in it is no pattern", () => {
  expect(wordFault(fault("NOTHING_MATCHES", { pattern: "empty" })).what).toBe("there is no file in empty");
  expect(wordFault(fault("NOTHING_MATCHES", { pattern: "*.png" })).what).toBe("nothing matches *.png");
});
