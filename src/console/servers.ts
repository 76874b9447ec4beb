/**
 * The servers of a cluster as a source of news for the console, wherever it runs.
 */
import { type Followed, followServers } from "../../core/io/client/follow.ts";
import type { Session } from "../../core/io/client/session.ts";
import { wordFault } from "../../core/model/faults.ts";
import type { NodeId } from "../../core/model/ids.ts";
import type { Hub } from "./hub.ts";

/** Tells `hub` what the session's servers say. Returns how to stop. */
export const followInto = (hub: Hub, session: Session): (() => void) =>
  followServers(session, (news) => tellAll(hub, news));

/** The same without those nodes that report in another way. */
export const followOthersInto = (hub: Hub, session: Session, own: readonly NodeId[]): (() => void) =>
  followInto(hub, { ...session, servers: session.servers.filter((server) => !own.includes(server)) });

const tellAll = (hub: Hub, news: Followed): void => {
  switch (news.kind) {
    case "state":
      hub.tell({ kind: "snapshot", snapshot: news.snapshot });
      return;
    case "entries":
      if (news.skipped > 0) hub.tell({ kind: "skipped", node: news.server, lines: news.skipped });
      for (const { at, level, event } of news.entries)
        hub.tell({ kind: "log", entry: { at, node: news.server, level, event } });
      return;
    case "link": {
      const problem = news.fault === null ? null : wordFault(news.fault);
      hub.tell({ kind: "link", node: news.server, problem });
      return;
    }
  }
};
