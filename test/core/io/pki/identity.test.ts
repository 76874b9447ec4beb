import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type Authority,
  issueNode,
  issueOperator,
  issueUser,
  makeAuthority,
} from "../../../../core/io/pki/authority.ts";
import { clusterOfAuthority, peerOfCertificate, uriOf } from "../../../../core/io/pki/identity.ts";
import { nodeId, userNameOf } from "../../../../core/model/ids.ts";
import { makeIdentity } from "../../../../core/seal/identity.ts";
import { certificateNaming, codeOf, must, type Name, noon } from "./fixtures.ts";

let authority: Authority;
let recipient: string;
beforeAll(async () => {
  authority = await makeAuthority(noon);
  recipient = (await makeIdentity()).recipient;
});

const derOf = (pem: string): Uint8Array => new X509Certificate(pem).raw;
const url = (value: string): Name => ({ type: "url", value });
const ours = (path: string): string => `distinsta://${authority.cluster}/${path}`;

describe("a certificate that the authority issues", () => {
  test("speaks for a node", async () => {
    const { certificatePem } = await issueNode(authority, nodeId(2), noon);
    expect(must(peerOfCertificate(derOf(certificatePem)))).toEqual({
      role: "node",
      cluster: authority.cluster,
      id: 2,
    });
  });

  test("speaks for a user, with her recipient", async () => {
    const { certificatePem } = await issueUser(authority, userNameOf("alice.b-c_9"), recipient, noon);
    expect(must(peerOfCertificate(derOf(certificatePem)))).toEqual({
      role: "user",
      cluster: authority.cluster,
      name: "alice.b-c_9",
      recipient,
    });
  });

  test("speaks for an operator", async () => {
    const { certificatePem } = await issueOperator(authority, userNameOf("operator"), noon);
    const peer = must(peerOfCertificate(derOf(certificatePem)));
    expect(peer).toEqual({ role: "operator", cluster: authority.cluster, name: "operator" });
    expect(uriOf(peer)).toBe(ours("operator/operator"));
  });

  test("names its cluster in the CA, which itself speaks for nobody", () => {
    expect(must(clusterOfAuthority(derOf(authority.certificatePem)))).toBe(authority.cluster);
    expect(codeOf(peerOfCertificate(derOf(authority.certificatePem)))).toBe("UNAUTHENTICATED");
  });
});

describe("a certificate speaks for nobody", () => {
  const hostile: readonly (readonly [string, () => readonly Name[]])[] = [
    ["without names", () => []],
    ["with an unknown role", () => [url(ours("admin/alice"))]],
    ["with a role in capitals", () => [url(ours("NODE/1"))]],
    ["as the authority", () => [url(ours("authority"))]],
    ["as node 0", () => [url(ours("node/0"))]],
    ["as node 10", () => [url(ours("node/10"))]],
    ["as node 01", () => [url(ours("node/01"))]],
    ["as node 1 with more behind it", () => [url(ours("node/1/2"))]],
    ["as node 1 with a query", () => [url(ours("node/1?as=2"))]],
    ["with a name that goes up a folder", () => [url(ours("operator/../alice"))]],
    ["with an encoded name", () => [url(ours("operator/al%69ce"))]],
    ["with an empty name", () => [url(ours("operator/"))]],
    ["with a name of 33 letters", () => [url(ours(`operator/${"a".repeat(33)}`))]],
    ["with a short cluster id", () => [url("distinsta://abc/node/1")]],
    ["under another scheme", () => [url(ours("node/1").replace("distinsta:", "https:"))]],
    ["under the same scheme in capitals", () => [url(ours("node/1").replace("distinsta:", "DISTINSTA:"))]],
    ["as two nodes", () => [url(ours("node/1")), url(ours("node/2"))]],
    ["as the same node twice", () => [url(ours("node/1")), url(ours("node/1"))]],
    ["as an operator and a user", () => [url(ours("operator/o")), url(ours("user/o"))]],
    ["as a node with a host name", () => [url(ours("node/1")), { type: "dns", value: "node1" }]],
    ["as a node named by a host name", () => [{ type: "dns", value: ours("node/1") }]],
    ["as a node named by a mail address", () => [{ type: "email", value: ours("node/1") }]],
    ["as a node with a recipient", () => [url(ours("node/1")), url(`distinsta-recipient:${recipient}`)]],
    ["as a user without a recipient", () => [url(ours("user/alice"))]],
    [
      "as a user with the recipient first",
      () => [url(`distinsta-recipient:${recipient}`), url(ours("user/alice"))],
    ],
    [
      "as a user with two recipients",
      () => [
        url(ours("user/alice")),
        url(`distinsta-recipient:${recipient}`),
        url(`distinsta-recipient:${recipient}`),
      ],
    ],
    [
      "as a user with a short recipient",
      () => [url(ours("user/alice")), url(`distinsta-recipient:${recipient.slice(0, -1)}`)],
    ],
    [
      "with a second name hidden in the first",
      () => [url(`${ours("user/alice")}, URI:distinsta-recipient:${recipient}`)],
    ],
    ["with a quoted name", () => [url(`"${ours("node/1")}"`)]],
    ["with a line end in the name", () => [url(`${ours("node/1")}\n`)]],
    ["with a zero byte in the name", () => [url(`${ours("node/1")}\0`)]],
  ];
  test.each(hostile)("%s", async (_, names) => {
    const { der } = await certificateNaming(authority, names());
    expect(codeOf(peerOfCertificate(der))).toBe("UNAUTHENTICATED");
  });

  test("when it is no certificate", () => {
    expect(codeOf(peerOfCertificate(new Uint8Array(0)))).toBe("UNAUTHENTICATED");
    expect(codeOf(peerOfCertificate(new Uint8Array(500).fill(0x30)))).toBe("UNAUTHENTICATED");
  });
});

test("the fixture's certificates do speak when they name what they should", async () => {
  const { der } = await certificateNaming(authority, [url(ours("node/1"))]);
  expect(must(peerOfCertificate(der))).toMatchObject({ role: "node", id: 1 });
});
