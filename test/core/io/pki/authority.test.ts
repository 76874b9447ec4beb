import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { expect, test } from "vitest";
import {
  type Authority,
  type Issued,
  issueNode,
  issueOperator,
  makeAuthority,
} from "../../../../core/io/pki/authority.ts";
import { peerOfCertificate } from "../../../../core/io/pki/identity.ts";
import { nodeId, userNameOf } from "../../../../core/model/ids.ts";
import { wallMs } from "../../../../core/model/units.ts";
import { certificateNaming, dayMs, later, must, noon } from "./fixtures.ts";

test("the CA signs itself, may sign others, and lasts ten years", async () => {
  const ca = new X509Certificate((await makeAuthority(noon)).certificatePem);
  expect(ca.ca).toBe(true);
  expect(ca.verify(ca.publicKey)).toBe(true);
  expect(ca.validToDate.getTime()).toBe(noon + 3_653 * dayMs);
});

test("two authorities have two clusters", async () => {
  expect((await makeAuthority(noon)).cluster).not.toBe((await makeAuthority(noon)).cluster);
});

test("a certificate begins an hour ago, lasts two years, and is not a CA", async () => {
  const authority = await makeAuthority(later(-10));
  const { certificatePem } = await issueNode(authority, nodeId(1), noon);
  const certificate = new X509Certificate(certificatePem);
  expect(certificate.validFromDate.getTime()).toBe(noon - 3_600_000);
  expect(certificate.validToDate.getTime()).toBe(noon + 731 * dayMs);
  expect(certificate.ca).toBe(false);
});

test("a certificate never lasts longer than the CA", async () => {
  const authority = await makeAuthority(noon);
  const ca = new X509Certificate(authority.certificatePem);
  const { certificatePem } = await issueNode(authority, nodeId(1), later(3_600));
  expect(new X509Certificate(certificatePem).validTo).toBe(ca.validTo);
});

test("a CA made late in this century still has a date that can be read", async () => {
  const at = wallMs(Date.UTC(2049, 11, 31));
  const ca = new X509Certificate((await makeAuthority(at)).certificatePem);
  expect(ca.validToDate.getUTCFullYear()).toBe(2060);
});

/** What the server learns of a client, and whether the client trusts the server. */
const meet = async (server: Issued, client: Issued) => {
  const listener = createServer({
    cert: server.certificatePem,
    key: server.keyPem,
    ca: server.caPem,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: "TLSv1.3",
  });
  const seen = new Promise<{ readonly authorized: boolean; readonly der: Uint8Array }>((resolve) => {
    listener.on("secureConnection", (socket) => {
      socket.on("error", () => {});
      resolve({
        authorized: socket.authorized,

        der: socket.getPeerCertificate().raw,
      });
      socket.end();
    });
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const socket = connect({
    host: "127.0.0.1",
    port: (listener.address() as AddressInfo).port,
    cert: client.certificatePem,
    key: client.keyPem,
    ca: client.caPem,
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  await once(socket, "secureConnect");
  const serverTrusted = socket.authorized;
  const { authorized, der } = await seen;
  socket.destroy();
  listener.close();
  return { serverTrusted, clientTrusted: authorized, der };
};

const at = wallMs(Date.now());

test("two nodes of a cluster trust each other over TLS 1.3 and learn who is there", async () => {
  const authority = await makeAuthority(at);
  const met = await meet(
    await issueNode(authority, nodeId(1), at),
    await issueNode(authority, nodeId(2), at),
  );
  expect(met).toMatchObject({ serverTrusted: true, clientTrusted: true });
  expect(must(peerOfCertificate(met.der))).toMatchObject({ role: "node", id: 2 });
});

test("a person's certificate cannot pose as a server", async () => {
  const authority = await makeAuthority(at);
  const operator = await issueOperator(authority, userNameOf("mallory"), at);
  const met = await meet(operator, await issueNode(authority, nodeId(1), at));
  expect(met).toMatchObject({ serverTrusted: false, clientTrusted: true });
});

test("a node of another cluster is not trusted", async () => {
  const [here, there] = [await makeAuthority(at), await makeAuthority(at)];
  const met = await meet(await issueNode(here, nodeId(1), at), await issueNode(there, nodeId(2), at));
  expect(met).toMatchObject({ serverTrusted: false, clientTrusted: false });
});

test("whoever holds a node's key cannot sign further certificates with it", async () => {
  const authority = await makeAuthority(at);
  const node = await issueNode(authority, nodeId(1), at);
  const withNodesKey: Authority = { ...authority, certificatePem: node.certificatePem, keyPem: node.keyPem };
  const names = [{ type: "url", value: `distinsta://${authority.cluster}/operator/mallory` }] as const;
  const trustIn = async (signer: Authority): Promise<boolean> => {
    const { pem, keyPem } = await certificateNaming(signer, names, at);
    const chain = { certificatePem: pem + signer.certificatePem, keyPem, caPem: authority.certificatePem };
    return (await meet(await issueNode(authority, nodeId(2), at), chain)).clientTrusted;
  };
  expect(await trustIn(authority)).toBe(true);
  expect(await trustIn(withNodesKey)).toBe(false);
});
