/** `why ID`: who placed an image where it is, when, and what spoke for it. */

import type { Described } from "../../core/io/client/change.ts";
import type { Client } from "../../core/io/client/client.ts";
import { type ExitCode, sayBytes } from "../../core/model/faults.ts";
import { shortId } from "../../core/model/ids.ts";
import { type Candidate, homesOf, type Processing } from "../../core/model/records.ts";
import { describe, isLive } from "./info.ts";
import { isoTime, sayTime } from "./say-time.ts";
import type { Talk } from "./talk.ts";

export const why = async (client: Client, talk: Talk, part: string): Promise<ExitCode> => {
  const described = await describe(client, part);
  talk.item(whyJson(described), whyText(described));
  return 0;
};

const whyJson = (described: Described) => {
  const { record } = described;
  const { node, term, assignedBy, leader, attempt, startedAt, candidates } = record.processing;
  return {
    id: record.facts.id,
    node,
    term,
    assignedBy,
    leader,
    attempt,
    startedAt: isoTime(startedAt),
    candidates,
    acknowledged: homesOf(record).flatMap((home) =>
      home.syncedAt === null
        ? []
        : [{ node: home.node, at: isoTime(home.syncedAt), live: isLive(home, described) }],
    ),
  };
};

const whyText = (described: Described): readonly string[] => {
  const { record } = described;
  const { facts, processing } = record;
  const synced = homesOf(record).filter(({ syncedAt }) => syncedAt !== null);
  return [
    `${facts.name} (${shortId(facts.id)}) was picked at ${sayTime(facts.createdAt)}`,
    `  ${placement(processing)}`,
    ...candidateLines(processing),
    `  node ${processing.node} began at ${sayTime(processing.startedAt)}${tries(processing)}`,
    ...synced.map((home) => {
      const gone = isLive(home, described) ? "" : ", which is not there now";
      return `  on the disk of node ${home.node}${gone} at ${sayTime(home.syncedAt ?? 0)}`;
    }),
  ];
};

const placement = ({ node, term, assignedBy, leader, candidates }: Processing): string => {
  if (assignedBy === "fallback")
    return `in term ${term} nobody led, so the client chose node ${node}: the first for this id`;
  const who = leader === null ? "the leader" : `node ${leader}, leader`;
  const among = candidates.length > 1 ? ", which had least in front of it" : "";
  return `${who} of term ${term}, gave it to node ${node}${among}`;
};

const tries = ({ attempt }: Processing): string =>
  attempt === 1 ? "" : `, when the client tried for the ${ordinal(attempt)} time`;

const ordinal = (count: number): string => {
  const last = count % 100 > 10 && count % 100 < 14 ? 0 : count % 10;
  return `${count}${["th", "st", "nd", "rd"][last] ?? "th"}`;
};

const candidateLines = ({ node, candidates }: Processing): readonly string[] =>
  candidates.map((candidate) => {
    const mark = candidate.node === node ? "→" : " ";
    return `    ${mark} node ${candidate.node}: ${inFront(candidate)}, CPU ${Math.round(candidate.cpu * 100)} %`;
  });

const inFront = ({ images, bytes }: Candidate): string => {
  if (images === 0) return "nothing in front";
  return `${images} ${images === 1 ? "image" : "images"} in front, ${sayBytes(bytes)}`;
};
