/** Proof that the runs were not idle: how often what happened. */
export interface Counters {
  steps: number;
  messages: number;
  elections: number;
  leaders: number;
  handovers: number;
  assignments: number;
  /** Offers that reached a leader whose lease had run out. */
  leaseRefusals: number;
  preVoteRefusals: number;
  voteRefusals: number;
  crashes: number;
  crashesInMidStep: number;
  diskFailures: number;
  wipes: number;
  stops: number;
  freezes: number;
  sleeps: number;
  partitions: number;
  oneWayCuts: number;
  storms: number;
  falseRefusals: number;
  clockSettings: number;
  unwell: number;
}

export const noCounts = (): Counters => ({
  steps: 0,
  messages: 0,
  elections: 0,
  leaders: 0,
  handovers: 0,
  assignments: 0,
  leaseRefusals: 0,
  preVoteRefusals: 0,
  voteRefusals: 0,
  crashes: 0,
  crashesInMidStep: 0,
  diskFailures: 0,
  wipes: 0,
  stops: 0,
  freezes: 0,
  sleeps: 0,
  partitions: 0,
  oneWayCuts: 0,
  storms: 0,
  falseRefusals: 0,
  clockSettings: 0,
  unwell: 0,
});

export const addCounts = (total: Counters, more: Counters): void => {
  for (const key of Object.keys(more) as (keyof Counters)[]) total[key] += more[key];
};
