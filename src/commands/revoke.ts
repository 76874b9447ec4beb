/** `distinsta user revoke NAME`: her certificates count no longer, and every server that can be reached is told. */
import { askWhatIsKnown, type Told, tellServers } from "../../core/io/client/revoke.ts";
import { openSession } from "../../core/io/client/session.ts";
import { systemClock, wallNow } from "../../core/io/clock.ts";
import { loadAuthority } from "../../core/io/pki/keep.ts";
import { givenAt } from "../../core/io/pki/ledger.ts";
import { commandFor } from "../../core/io/pki/places.ts";
import { type Revoked, revokeUser } from "../../core/io/pki/revoke.ts";
import { type ExitCode, exitCodeOf, type Fault, fault, wordFault } from "../../core/model/faults.ts";
import type { UserName } from "../../core/model/ids.ts";
import { operatorCredentialsWith } from "../credentials.ts";
import { complainOnly, failureOf, note, printJson, printLine } from "../output.ts";
import { configOf, must, type Settings, userOf } from "../settings.ts";

/** 0 when at least one server was told: it tells the others. The same again tells them all again. */
export const revokeUserCommand = async (settings: Settings, word: string): Promise<ExitCode> => {
  const name = userOf(word);
  const { data, json } = settings;
  const authority = must(loadAuthority(data, wallNow()));
  const { config } = await configOf(settings);
  const credentials = await operatorCredentialsWith(authority, data, config);
  const session = openSession(config, credentials, systemClock());
  try {
    const { lists, madeAt } = await askWhatIsKnown(session, name);
    const known = { lists, madeAt: [...madeAt, ...givenAt(data, name)] };
    const revoked = must(revokeUser(data, authority, name, known, wallNow()));
    const told = await tellServers(session, revoked.list);
    const problem = told.some(({ answer }) => answer.ok) ? null : nobodyTold(told);
    if (json === true) printJson(jsonOf(name, revoked, told, problem));
    else for (const line of linesOf(name, revoked, told, data)) printLine(line);
    if (problem === null) return 0;
    note(`the list is kept here; when servers are up, tell them: ${commandFor(data, `user revoke ${name}`)}`);
    complainOnly(problem);
    return exitCodeOf(problem);
  } finally {
    session.pool.close();
  }
};

const nobodyTold = (told: readonly Told[]): Fault =>
  fault("NO_SERVER", {
    tried: told.flatMap(({ answer }) => (answer.ok ? [] : [wordFault(answer.fault).what])),
  });

const jsonOf = (
  name: UserName,
  { list, until, state }: Revoked,
  told: readonly Told[],
  problem: Fault | null,
) => ({
  ...(problem === null ? { ok: true } : failureOf(problem)),
  name,
  revokedAt: new Date(until).toISOString(),
  number: list.number,
  state,
  nodes: told.map(({ server, answer }) =>
    answer.ok
      ? { id: server, told: true }
      : { id: server, told: false, code: answer.fault.code, message: wordFault(answer.fault).what },
  ),
});

/** A node that is away learns it when it is back, if anybody is there to tell it. */
const untold = (problem: Fault, told: readonly Told[]): string => {
  const { what } = wordFault(problem);
  return told.some(({ answer }) => answer.ok) ? `${what}; it learns it from the others` : what;
};

const linesOf = (
  name: UserName,
  { list, until, state }: Revoked,
  told: readonly Told[],
  data: string,
): readonly string[] => [
  `${name} ${state === "made" ? "is revoked" : "was revoked before"}: certificates made until ${new Date(until).toISOString()} open no door any more (list ${list.number})`,
  ...told.map(({ server, answer }) =>
    answer.ok
      ? `✓ node ${server} refuses them`
      : `✗ node ${server} does not say so: ${untold(answer.fault, told)}`,
  ),
  `what ${name} has fetched, ${name} keeps; images of ${name} stay stored, sealed to ${name} alone`,
  `to let ${name} in again: ${commandFor(data, `user add ${name}`)}`,
];
