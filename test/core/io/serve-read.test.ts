/** What a node says of its disk while its index may lack something. The rest is in `node.test.ts`, with real nodes. */
import { expect, test } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { serveFetch } from "../../../core/io/serve-read.ts";
import { serveStore } from "../../../core/io/serve-store.ts";
import { fault } from "../../../core/model/faults.ts";
import type { Message } from "../../../core/model/messages.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { idOf, recordOf } from "../../support/records.ts";
import { fakeNodes } from "./fakes.ts";

const problem = fault("DISK_FAILED", { path: "index", reason: "EIO" });

/** A node whose index lacks something, although the image is known at hand, and a connection to it. */
const lackingNode = async () => {
  const [node] = fakeNodes(2, new ManualClock()).values();
  if (node === undefined) throw new Error("there are two");
  const record = recordOf(idOf(1));
  await node.store.merge([record]);
  node.store.readFault = problem;
  const said: Message[] = [];
  const connection: Partial<Connection> = {
    remote: "a peer",
    send: async (message) => void said.push(message),
  };
  const { id, payloadHash, payloadBytes } = record.facts;
  return { ...node, said, connection: connection as Connection, of: { id, payloadHash, payloadBytes } };
};

test("a payload is not looked for, so that nobody takes it for lost", async () => {
  const { context, connection, said, of } = await lackingNode();
  await serveFetch(context, connection, { kind: "fetch", id: of.id, payloadHash: of.payloadHash });
  expect(said).toMatchObject([{ kind: "refused", code: "DISK_FAILED" }]);
});

test("nor is one taken in, or said to be here already", async () => {
  const { context, connection, said, of } = await lackingNode();
  await serveStore(context, connection, { kind: "store", ...of });
  expect(said).toMatchObject([{ kind: "refused", code: "DISK_FAILED" }]);
});
