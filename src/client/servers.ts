/**
 * Which servers answer, in words: all of them at the start, and from then on what changed.
 */
import type { Client } from "../../core/io/client/client.ts";
import type { ServerAnswer } from "../../core/io/client/status.ts";
import { type ClusterConfig, formatAddress } from "../../core/model/config.ts";
import { type Fault, wordFault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import { dim, type Line, plain } from "../../ui/model/line.ts";

/** A server that takes longer than this to say a word counts as unreachable. */
export const answerMsMax = 800;

export interface ServerWatch {
  /** Asks all, and says what each one answers. */
  all(): Promise<readonly Line[]>;
  /** Asks all, and says only what is different from the last time. */
  changes(): Promise<readonly Line[]>;
}

export const watchServers = (client: Client, config: ClusterConfig): ServerWatch => {
  let answering = new Map<NodeId, boolean>();
  const ask = async (): Promise<readonly ServerAnswer[]> => client.askEach(answerMsMax);
  const remember = (answers: readonly ServerAnswer[]): void => {
    answering = new Map(answers.map(({ server, answer }) => [server, answer.ok]));
  };
  return {
    all: async () => {
      const answers = await ask();
      remember(answers);
      const width = Math.max(...config.servers.map((server) => formatAddress(server).length));
      return answers.map((each) => serverLine(each, config, width));
    },
    changes: async () => {
      const answers = await ask();
      const changed = answers.filter(({ server, answer }) => answering.get(server) !== answer.ok);
      remember(answers);
      return changed.map(changeLine);
    },
  };
};

const serverLine = ({ server, answer }: ServerAnswer, config: ClusterConfig, width: number): Line => {
  const found = config.servers.find(({ id }) => id === server);
  const address = dim((found === undefined ? "" : formatAddress(found)).padEnd(width));
  const head = (mark: string, tone: "good" | "warn"): Line => [
    { text: `  ${mark} `, tone },
    { text: `${server}`, bold: true },
    plain("  "),
    address,
    plain("  "),
  ];
  if (!answer.ok) return [...head("▲", "warn"), ...whyNot(server, answer.fault)];
  const { leader, term } = answer.value;
  if (leader === null) return [...head("●", "good"), plain("up, knows no leader")];
  return [...head("●", "good"), plain(leader === server ? `up, leads term ${term}` : "up")];
};

const changeLine = ({ server, answer }: ServerAnswer): Line =>
  answer.ok
    ? [{ text: "● ", tone: "good" }, plain(`server ${server} is reachable again`)]
    : [{ text: "▲ ", tone: "warn" }, plain(`server ${server}: `), ...whyNot(server, answer.fault)];

const whyNot = (server: NodeId, problem: Fault): Line => {
  const start = { text: `distinsta server ${server}`, bold: true };
  switch (problem.code) {
    case "CONNECTION_REFUSED":
      return [{ text: "unreachable", tone: "warn" }, plain(", nothing listens there — start it: "), start];
    case "TIMED_OUT":
      return [
        { text: "unreachable", tone: "warn" },
        plain(`, no answer in ${answerMsMax} ms — look at that machine and the network to it`),
      ];
    case "CONNECTION_LOST":
      return [{ text: "unreachable", tone: "warn" }, plain(`, ${problem.reason} — start it: `), start];
    default: {
      const { what, hint } = wordFault(problem);
      return [{ text: what, tone: "warn" }, plain(` — ${hint}`)];
    }
  }
};
