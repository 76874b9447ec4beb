/**
 * Where credentials lie under the data folder, and what to type when they do not.
 *
 *     pki/ca.pem  ca-key.pem  users/<name>.pem      the CA, only where the operator keeps it
 *     pki/revocations/<number>.txt                  whose certificates count no longer
 *     certificates/node2/                           one folder per node of this machine
 *     operators/operator/
 *     users/alice/identity.txt                      her age identity, which never travels
 *
 * Each folder of a node, an operator or a user holds `certificate.pem`, `key.pem` and `ca.pem`. Being one
 * folder, the three appear at once and are copied to another machine at once.
 */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import type { NodeId, UserName } from "../../model/ids.ts";
import { userNameOf } from "../../model/ids.ts";

/** Whose credentials are wanted. */
export type Holder =
  | { readonly role: "node"; readonly id: NodeId }
  | { readonly role: "user"; readonly name: UserName }
  | { readonly role: "operator"; readonly name: UserName };

export interface CredentialPaths {
  readonly holder: Holder;
  readonly folder: string;
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
  /** What makes them when they are missing. */
  readonly command: string;
}

export interface AuthorityPaths {
  readonly folder: string;
  readonly certificate: string;
  readonly key: string;
  /** The certificate that each user has now: who may use the cluster. */
  readonly users: string;
  /** The newest lists of the revoked, each named by its number. */
  readonly revocations: string;
}

/** The operator that `init` and `launch-local` make. */
export const defaultOperator: UserName = userNameOf("operator");

export const authorityPaths = (data: string): AuthorityPaths => {
  const folder = join(data, "pki");
  return {
    folder,
    certificate: join(folder, "ca.pem"),
    key: join(folder, "ca-key.pem"),
    users: join(folder, "users"),
    revocations: join(folder, "revocations"),
  };
};

export const nodeCredentials = (data: string, id: NodeId): CredentialPaths => ({
  holder: { role: "node", id },
  ...within(nodeFolder(data, id)),
  command: hasAuthority(data)
    ? commandFor(data, "init")
    : `${commandFor(data, "init")} (where the CA is kept), then copy certificates/node${id} here`,
});

export const operatorCredentials = (data: string, name: UserName = defaultOperator): CredentialPaths => ({
  holder: { role: "operator", name },
  ...within(operatorFolder(data, name)),
  command: hasAuthority(data)
    ? commandFor(data, "init")
    : `${commandFor(data, "init")} (where the CA is kept), then copy operators/${name} here`,
});

export const userCredentials = (data: string, name: UserName): CredentialPaths => ({
  holder: { role: "user", name },
  ...within(userFolder(data, name)),
  command: hasAuthority(data)
    ? commandFor(data, `user add ${name}`)
    : existsSync(requestPath(data, name))
      ? commandFor(data, `user install ${name} FILE`)
      : commandFor(data, `user request ${name}`),
});

export const nodeFolder = (data: string, id: NodeId): string => join(data, "certificates", `node${id}`);
export const operatorFolder = (data: string, name: UserName): string => join(data, "operators", name);
export const userFolder = (data: string, name: UserName): string => join(data, "users", name);
/** A user's age identity. */
export const identityPath = (data: string, name: UserName): string =>
  join(userFolder(data, name), "identity.txt");
/** What a user sends to where the CA is kept. */
export const requestPath = (data: string, name: UserName): string =>
  join(userFolder(data, name), "request.pem");

/** Whether certificates can be signed here. */
export const hasAuthority = (data: string): boolean => existsSync(authorityPaths(data).key);

/** A command as it must be typed for this data folder. */
export const commandFor = (data: string, words: string): string =>
  relative(process.cwd(), data) === ".distinsta"
    ? `distinsta ${words}`
    : `distinsta ${words} --data ${shellWord(data)}`;

const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

const within = (folder: string) => ({
  folder,
  certificate: join(folder, "certificate.pem"),
  key: join(folder, "key.pem"),
  ca: join(folder, "ca.pem"),
});
