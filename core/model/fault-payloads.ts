/** What each fault carries besides its code. Never a secret: all of it may be shown and logged. */

/** Each code with its payload. `docs/faults.md` lists them; a test holds the two together. */
export interface FaultPayloads {
  USAGE: { readonly message: string; readonly hint: string };
  UNKNOWN_COMMAND: { readonly got: string; readonly suggestion: string | null };
  CONFIG_MISSING: { readonly path: string };
  CONFIG_INVALID: { readonly path: string; readonly problems: readonly string[] };
  CONFIG_DIFFERS: {
    readonly peer: string;
    readonly theirs: readonly string[];
    readonly ours: readonly string[];
  };
  CREDENTIALS_MISSING: { readonly path: string; readonly command: string };
  CREDENTIALS_INVALID: { readonly path: string; readonly reason: string };
  CREDENTIALS_EXPIRED: { readonly who: string; readonly since: string };
  /** `since`: the day. `command`: what lets her in again on this machine; null where the CA is not kept. */
  CREDENTIALS_REVOKED: { readonly name: string; readonly since: string; readonly command: string | null };
  WRONG_CLUSTER: { readonly peer: string };
  WRONG_ROLE: { readonly peer: string; readonly role: string; readonly wanted: string };
  UNAUTHENTICATED: { readonly reason: string };
  VERSION_MISMATCH: { readonly peer: string; readonly theirs: number; readonly ours: number };
  PROTOCOL_VIOLATION: { readonly reason: string };
  NO_SERVER: { readonly tried: readonly string[] };
  NO_QUORUM: { readonly live: number; readonly needed: number };
  NO_LEADER: Record<never, never>;
  NOT_LEADER: { readonly node: number; readonly leader: number | null };
  NO_SUCCESSOR: { readonly to: number | null; readonly reason: string };
  NODE_NOT_READY: { readonly reason: string };
  STALE_ASSIGNMENT: { readonly term: number; readonly ownTerm: number };
  BUSY: { readonly what: string };
  SEALED_NOT_SAVED: { readonly id: string; readonly reason: string };
  /** `reason`: what ended the last try. */
  OUTCOME_UNKNOWN: { readonly id: string; readonly reason: string };
  CONNECTION_REFUSED: { readonly address: string };
  CONNECTION_LOST: { readonly peer: string; readonly reason: string };
  TIMED_OUT: { readonly peer: string; readonly what: string; readonly ms: number };
  ADDRESS_IN_USE: { readonly address: string; readonly holder: string | null };
  ADDRESS_NOT_HERE: { readonly address: string };
  DATA_IN_USE: { readonly path: string; readonly holder: string | null };
  DATA_FOREIGN: { readonly path: string; readonly reason: string };
  FILE_NOT_FOUND: { readonly path: string };
  FILE_IS_FOLDER: { readonly path: string };
  FILE_UNREADABLE: { readonly path: string; readonly reason: string };
  FILE_UNWRITABLE: { readonly path: string; readonly reason: string };
  FILE_CHANGED: { readonly path: string };
  NOTHING_MATCHES: { readonly pattern: string };
  NOT_AN_IMAGE: { readonly name: string };
  IMAGE_TYPE_REFUSED: { readonly name: string; readonly type: string };
  IMAGE_EMPTY: { readonly name: string };
  IMAGE_TOO_LARGE: { readonly name: string; readonly bytes: number; readonly bytesMax: number };
  TOO_MANY_PIXELS: {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    readonly pixelsMax: number;
  };
  HASH_MISMATCH: { readonly id: string };
  ID_TAKEN: { readonly id: string };
  CLOCK_AHEAD: { readonly aheadMs: number };
  IMAGE_NOT_FOUND: { readonly id: string };
  IMAGE_AMBIGUOUS: { readonly id: string; readonly candidates: readonly string[] };
  IMAGE_UNAVAILABLE: { readonly id: string; readonly reason: string };
  IMAGE_CHANGED: { readonly id: string };
  IMAGE_EXPIRED: { readonly id: string };
  IMAGE_NOT_OWNED: { readonly id: string; readonly owner: string };
  NOT_SHARED: { readonly id: string; readonly name: string };
  READERS_FULL: { readonly id: string; readonly readersMax: number };
  USER_NOT_FOUND: { readonly name: string };
  USER_UNKNOWN: { readonly name: string };
  USER_DOUBTFUL: { readonly name: string; readonly reason: string };
  SEAL_BROKEN: { readonly id: string; readonly reason: string };
  NOT_VIEWABLE: { readonly name: string; readonly reason: string };
  NOT_ALLOWED: { readonly what: string };
  DISK_FULL: { readonly path: string; readonly freeBytes: number };
  DISK_FAILED: { readonly path: string; readonly reason: string };
  STORE_DAMAGED: { readonly reason: string };
  NODE_EXITED: { readonly node: number; readonly reason: string };
  NO_TERMINAL: Record<never, never>;
  INTERRUPTED: Record<never, never>;
}
