/**
 * The thread of the index: one job in, one answer out, in order.
 *
 * It loads little, so that it is there at once. An index that proves damaged is thrown away on the spot: every
 * later job fails too, and who opens it next begins anew.
 *
 * Changes that a full disk has no room for are owed from then on: they are tried again before every later job, and
 * until they are in nothing else is done or answered. So nobody is told less than what is durable. Changes that fail for
 * another reason are given up, and with them all later ones, which do not follow on what is there (`Index.apply`): the
 * index stays behind, and reads on when the store is opened again.
 */
import { parentPort, workerData } from "node:worker_threads";
import { bad, type Fault, good, type Result } from "../../model/faults.ts";
import { type IndexAnswer, type IndexJob, openingTicket } from "./index-job.ts";
import { isDamage, sqliteFault } from "./sqlite-faults.ts";
import { openSqliteIndex, type SqliteIndex } from "./sqlite-index.ts";

const path = String(workerData);

const open = (): Result<SqliteIndex> => {
  try {
    return good(openSqliteIndex(path));
  } catch (error) {
    return bad(sqliteFault(path, error));
  }
};

const answer = (ticket: number, result: Result<unknown>): void =>
  parentPort?.postMessage({ ticket, result } satisfies IndexAnswer);

const serve = (index: SqliteIndex): void => {
  let lost: Fault | null = null;
  /** Few: whoever hears that one failed asks for no more. */
  const owed: IndexJob[] = [];

  const attempt = ({ method, parameters }: IndexJob): Result<unknown> => {
    if (lost !== null) return bad(lost);
    try {
      return good(Reflect.apply(index[method], index, parameters));
    } catch (error) {
      const problem = sqliteFault(path, error);
      if (isDamage(error)) {
        lost = problem;
        index.discard();
      }
      return bad(problem);
    }
  };

  const payOff = (): Result<unknown> => {
    for (let [first] = owed; first !== undefined; [first] = owed) {
      const paid = attempt(first);
      if (!paid.ok) return paid;
      owed.shift();
    }
    return good(null);
  };

  const perform = (job: IndexJob): Result<unknown> => {
    const paid = payOff();
    const result = paid.ok || job.method === "close" ? attempt(job) : paid;
    if (!result.ok && result.fault.code === "DISK_FULL" && job.method === "apply") owed.push(job);
    return result;
  };

  parentPort?.on("message", (job: IndexJob) => {
    answer(job.ticket, perform(job));
    if (job.method === "close") parentPort?.close();
  });
};

const opened = open();
if (opened.ok) serve(opened.value);
answer(openingTicket, opened.ok ? good(null) : opened);
