/** Proof that the runs of whole nodes were not idle: how often what happened. */
export interface WholeCounters {
  uploads: number;
  uploadsFailed: number;
  retries: number;
  fallbacks: number;
  repeatedReceipts: number;
  gets: number;
  getsFailed: number;
  lists: number;
  trashed: number;
  restored: number;
  purged: number;
  shared: number;
  unshared: number;
  /** Images of others that were read. */
  sharedGets: number;
  expired: number;
  changesFailed: number;
  cheats: number;
  crashes: number;
  powerCuts: number;
  stops: number;
  freezes: number;
  partitions: number;
  oneWayCuts: number;
  clientCuts: number;
  storms: number;
  wipes: number;
  backupsRestored: number;
  indexesLost: number;
  rots: number;
  syncFailures: number;
  writeFailures: number;
  indexWriteFailures: number;
  fullDisks: number;
  clockSettings: number;
  /** What the nodes did about it. */
  elections: number;
  diskFailures: number;
  rebuilds: number;
  refills: number;
  outdated: number;
  setAside: number;
  copiesMade: number;
  copiesDropped: number;
  scrubFinds: number;
  compactions: number;
  digestRepairs: number;
  recordsPulled: number;
  /** Files with one large payload. */
  ownFiles: number;
  ownFilesRemoved: number;
}

export const noWholeCounts = (): WholeCounters => ({
  uploads: 0,
  uploadsFailed: 0,
  retries: 0,
  fallbacks: 0,
  repeatedReceipts: 0,
  gets: 0,
  getsFailed: 0,
  lists: 0,
  trashed: 0,
  restored: 0,
  purged: 0,
  shared: 0,
  unshared: 0,
  sharedGets: 0,
  expired: 0,
  changesFailed: 0,
  cheats: 0,
  crashes: 0,
  powerCuts: 0,
  stops: 0,
  freezes: 0,
  partitions: 0,
  oneWayCuts: 0,
  clientCuts: 0,
  storms: 0,
  wipes: 0,
  backupsRestored: 0,
  indexesLost: 0,
  rots: 0,
  syncFailures: 0,
  writeFailures: 0,
  indexWriteFailures: 0,
  fullDisks: 0,
  clockSettings: 0,
  elections: 0,
  diskFailures: 0,
  rebuilds: 0,
  refills: 0,
  outdated: 0,
  setAside: 0,
  copiesMade: 0,
  copiesDropped: 0,
  scrubFinds: 0,
  compactions: 0,
  digestRepairs: 0,
  recordsPulled: 0,
  ownFiles: 0,
  ownFilesRemoved: 0,
});

export const addWholeCounts = (total: WholeCounters, more: WholeCounters): void => {
  for (const key of Object.keys(more) as (keyof WholeCounters)[]) total[key] += more[key];
};
