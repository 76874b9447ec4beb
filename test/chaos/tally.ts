/** Proof that the run was not idle: how often people did what, and how it ended. */

export interface Tally {
  uploads: number;
  uploadsFailed: number;
  retries: number;
  fallbacks: number;
  repeatedReceipts: number;
  gets: number;
  lists: number;
  readsFailed: number;
  trashed: number;
  restored: number;
  purged: number;
  changesFailed: number;
}

export const noTally = (): Tally => ({
  uploads: 0,
  uploadsFailed: 0,
  retries: 0,
  fallbacks: 0,
  repeatedReceipts: 0,
  gets: 0,
  lists: 0,
  readsFailed: 0,
  trashed: 0,
  restored: 0,
  purged: 0,
  changesFailed: 0,
});
