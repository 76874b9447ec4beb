/** Credentials and hellos for tests of doors: whole clusters that exist for one test. */

import { X509Certificate } from "node:crypto";
import type { Authority, Issued } from "../../../core/io/pki/authority.ts";
import { issueNode, issueOperator, issueUser, makeAuthority } from "../../../core/io/pki/authority.ts";
import type { Credentials } from "../../../core/io/pki/credentials.ts";
import { peerOfCertificate } from "../../../core/io/pki/identity.ts";
import { nodeId, userNameOf } from "../../../core/model/ids.ts";
import { type Hello, protocolVersion } from "../../../core/model/messages.ts";
import { type WallMs, wallMs } from "../../../core/model/units.ts";

export const recipient = `age1${"q".repeat(58)}`;
const yearMs = 365 * 86_400_000;

export interface TestCluster {
  readonly authority: Authority;
  node(id: number): Promise<Credentials>;
  user(name: string): Promise<Credentials>;
  operator(name: string): Promise<Credentials>;
  expiredNode(id: number): Promise<Credentials>;
  hello(changes?: Partial<Hello>): Hello;
}

/** Its CA is four years old, so that it can have issued certificates that ran out. */
export const testCluster = async (): Promise<TestCluster> => {
  const now = wallMs(Date.now());
  const longAgo = wallMs(now - 4 * yearMs);
  const authority = await makeAuthority(longAgo);
  const node = async (id: number, at: WallMs): Promise<Credentials> =>
    credentialsOf(await issueNode(authority, nodeId(id), at));
  return {
    authority,
    node: (id) => node(id, now),
    expiredNode: (id) => node(id, longAgo),
    user: async (name) => credentialsOf(await issueUser(authority, userNameOf(name), recipient, now)),
    operator: async (name) => credentialsOf(await issueOperator(authority, userNameOf(name), now)),
    hello: (changes = {}) => ({
      kind: "hello",
      protocol: protocolVersion,
      version: "0.1.0",
      cluster: authority.cluster,
      agreement: [
        `cluster = ${authority.cluster}`,
        "servers.node1 = 127.0.0.1:8001",
        "cluster.replication = 2",
      ],
      purpose: "request",
      ...changes,
    }),
  };
};

const credentialsOf = (issued: Issued): Credentials => {
  const peer = peerOfCertificate(new X509Certificate(issued.certificatePem).raw);
  if (!peer.ok) throw new Error("the test's certificate speaks for nobody");
  return { ...issued, peer: peer.value };
};
