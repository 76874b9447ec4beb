/**
 * Data folders that vanish, configurations in a line, and certificates that no sane authority would sign.
 */
import "../../../../core/io/pki/reflection.ts";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SubjectAlternativeNameExtension, X509Certificate, X509CertificateGenerator } from "@peculiar/x509";
import { afterEach } from "vitest";
import {
  type Authority,
  endLine,
  makeKey,
  publicKeyOf,
  signingAlgorithm,
  signingKeyOf,
} from "../../../../core/io/pki/authority.ts";
import type { ClusterConfig } from "../../../../core/model/config.ts";
import type { FaultCode, Result } from "../../../../core/model/faults.ts";
import { nodeId } from "../../../../core/model/ids.ts";
import { type WallMs, wallMs } from "../../../../core/model/units.ts";

/** 2026-11-22T12:00:00Z. */
export const noon = wallMs(Date.UTC(2026, 10, 22, 12));
export const dayMs = 86_400_000;
export const later = (days: number): WallMs => wallMs(noon + days * dayMs);

const folders: string[] = [];

/** An empty folder, removed after the test. */
export const dataFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "distinsta-pki-"));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A copy of a data folder, as `scp -r` would make it. */
export const copyOf = (data: string): string => {
  const copy = dataFolder();
  cpSync(data, copy, { recursive: true });
  return copy;
};

export const serversAt = (...hosts: readonly string[]): Pick<ClusterConfig, "servers"> => ({
  servers: hosts.map((host, index) => ({ id: nodeId(index + 1), host, port: 8001 + index })),
});
export const threeLocal = serversAt("127.0.0.1", "127.0.0.1", "127.0.0.1");
export const threeRemote = serversAt("10.0.0.1", "10.0.0.2", "10.0.0.3");

/** The value, or a failure of the test that shows the fault. */
export const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new Error(`expected a value, got ${JSON.stringify(result.fault)}`);
  return result.value;
};
export const codeOf = (result: Result<unknown>): FaultCode | "none" =>
  result.ok ? "none" : result.fault.code;

export interface Name {
  readonly type: "url" | "dns" | "email";
  readonly value: string;
}

/** A certificate with any names at all, truly signed by `authority`. PEM, and its key. */
export const certificateNaming = async (
  authority: Authority,
  names: readonly Name[],
  at: WallMs = noon,
): Promise<{ readonly pem: string; readonly keyPem: string; readonly der: Uint8Array }> => {
  const keyPem = makeKey();
  const certificate = await X509CertificateGenerator.create({
    subject: "CN=anybody",
    issuer: new X509Certificate(authority.certificatePem).subjectName,
    notBefore: new Date(at - dayMs),
    notAfter: new Date(at + dayMs),
    signingAlgorithm,
    publicKey: publicKeyOf(keyPem),
    signingKey: await signingKeyOf(authority.keyPem),
    extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension([...names])],
  });
  return { pem: endLine(certificate.toString("pem")), keyPem, der: new Uint8Array(certificate.rawData) };
};
