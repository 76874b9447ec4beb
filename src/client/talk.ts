/**
 * How a client command speaks: to a script in JSON lines, or to a person in sentences. Both at once never.
 */
import type { Fault } from "../../core/model/faults.ts";
import { complainOnly, failureOf, note, printJson, printLine } from "../output.ts";

export interface Talk {
  readonly json: boolean;
  /** One finished item: the object for scripts, the sentence for people. */
  item(forScripts: object, forPeople: string): void;
  /** One item that failed: complaint on standard error, and for scripts an object with `about` in it. */
  failure(about: object, problem: Fault): void;
  /** A remark for people only. */
  remark(line: string): void;
}

export const talkFor = (json: boolean): Talk => ({
  json,
  item: (forScripts, forPeople) => (json ? printJson(forScripts) : printLine(forPeople)),
  failure: (about, problem) => {
    complainOnly(problem);
    if (json) printJson({ ...about, ...failureOf(problem) });
  },
  remark: (line) => {
    if (!json) note(line);
  },
});
