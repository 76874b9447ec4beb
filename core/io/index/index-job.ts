/**
 * What the node's thread and the index's thread say to each other: a job by the name of the method, and one
 * answer for each, with the job's ticket.
 */
import type { Result } from "../../model/faults.ts";
import type { Index } from "../../ports.ts";

export interface IndexJob {
  readonly ticket: number;
  readonly method: keyof Index;
  readonly parameters: readonly unknown[];
}

export interface IndexAnswer {
  readonly ticket: number;
  readonly result: Result<unknown>;
}

/** The first answer comes without a job: whether the index is open. */
export const openingTicket = 0;
