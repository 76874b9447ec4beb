/** What the doctor sees on this machine: its addresses, its credentials, its disk. Nothing is changed. */
import { existsSync, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { CredentialFacts, DiskFacts } from "../../decide/doctor/facts.ts";
import type { ClusterConfig } from "../../model/config.ts";
import { type WallMs, wallMs } from "../../model/units.ts";
import { freeBytesAt } from "../disk.ts";
import { nearestFolder, readText, unwritableFolder } from "../files.ts";
import { nodeFolderOf } from "../node-lock.ts";
import { parseCertificate, pemBytesMax } from "../pki/credentials.ts";
import type { FoundCredentials } from "../pki/found.ts";
import { loadAuthority } from "../pki/keep.ts";
import { authorityPaths, type CredentialPaths, hasAuthority, identityPath } from "../pki/places.ts";

/** Every address of this machine, without zones. */
export const ownAddresses = (): ReadonlySet<string> =>
  new Set(
    Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address)),
  );

/** What is to be said of credentials that were found, and of the CA if it is kept here. */
export const lookAtCredentials = (
  data: string,
  found: readonly FoundCredentials[],
  now: WallMs,
): readonly CredentialFacts[] => [
  ...found.map(({ paths, loaded }) => ({
    who: sayHolder(paths),
    folder: paths.folder,
    fault: loaded.ok ? null : loaded.fault,
    until: endOf(paths.certificate),
    cluster: loaded.ok ? loaded.value.peer.cluster : null,
    openSecrets: secretsOf(data, paths).filter(isOpen),
  })),
  ...authorityOf(data, now),
];

const secretsOf = (data: string, { key, holder }: CredentialPaths): readonly string[] =>
  holder.role === "user" ? [key, identityPath(data, holder.name)] : [key];

const sayHolder = ({ holder }: CredentialPaths): string =>
  holder.role === "node" ? `node ${holder.id}` : `${holder.role} ${holder.name}`;

const authorityOf = (data: string, now: WallMs): readonly CredentialFacts[] => {
  if (!hasAuthority(data)) return [];
  const paths = authorityPaths(data);
  const loaded = loadAuthority(data, now);
  return [
    {
      who: "the CA",
      folder: paths.folder,
      fault: loaded.ok ? null : loaded.fault,
      until: endOf(paths.certificate),
      cluster: loaded.ok ? loaded.value.cluster : null,
      openSecrets: [paths.key].filter(isOpen),
    },
  ];
};

const endOf = (certificate: string): WallMs | null => {
  const pem = readText(certificate, pemBytesMax);
  const parsed = pem.ok ? parseCertificate(pem.value) : null;
  return parsed === null ? null : wallMs(parsed.validToDate.getTime());
};

/** Whether group or others may read it. Windows has other means, which its mode bits do not show. */
const isOpen = (path: string): boolean => {
  if (process.platform === "win32") return false;
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && (status.mode & 0o077) !== 0;
};

/** The data folder, and those of the nodes that are in it: each may be a disk of its own. */
export const lookAtDisks = (data: string, config: ClusterConfig): readonly DiskFacts[] =>
  [
    data,
    ...config.servers.map(({ id }) => nodeFolderOf(data, id)).filter((folder) => existsSync(folder)),
  ].map((folder) => {
    const present = nearestFolder(folder);
    return {
      folder,
      exists: existsSync(folder),
      writable: unwritableFolder(folder) === null,
      freeBytes: freeBytesAt(present),
    };
  });
