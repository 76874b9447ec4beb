/**
 * Who is shut out: for each revoked user the second up to which her certificates no longer count.
 *
 * A name and a time say more than a list of serial numbers: they cover every certificate that was made for her until
 * then, also one that nobody remembers; and one that is made for her later is good without anything being taken back.
 * So a later time always wins, nothing is ever removed, and lists join by the later time of each name.
 */
import type { ClusterId, UserName } from "./ids.ts";
import type { WallMs } from "./units.ts";

/** Whole seconds, as milliseconds: certificates of that user that were made then or before are revoked. */
export type RevokedUsers = ReadonlyMap<UserName, WallMs>;

/** One list, as the CA signs it. Of two the one with the higher number counts. */
export interface RevocationList {
  readonly cluster: ClusterId;
  /** From 1. */
  readonly number: number;
  readonly users: RevokedUsers;
}

/** When a certificate of `name` that was made at `madeAt` was revoked; null when it was not. */
export const revokedAt = (users: RevokedUsers, name: UserName, madeAt: number): WallMs | null => {
  const until = users.get(name);
  return until !== undefined && madeAt <= until ? until : null;
};

/** Everybody on any of the lists, with the latest time. */
export const joinRevoked = (lists: readonly RevokedUsers[]): RevokedUsers => {
  const joined = new Map<UserName, WallMs>();
  for (const users of lists)
    for (const [name, until] of users) if (until > (joined.get(name) ?? -1)) joined.set(name, until);
  return joined;
};

/** Whether whoever is revoked by `others` is so by `users`. */
export const includesRevoked = (users: RevokedUsers, others: RevokedUsers): boolean =>
  [...others].every(([name, until]) => (users.get(name) ?? -1) >= until);

/** The last whole second at or before `ms`: as exact as certificates and lists are. */
export const wholeSecond = (ms: number): WallMs => (Math.floor(ms / 1_000) * 1_000) as WallMs;
