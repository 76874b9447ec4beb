/** `distinsta user …`: who may use the cluster. */
import { resolve } from "node:path";
import { wallNow } from "../../core/io/clock.ts";
import { writeFileAtomically } from "../../core/io/files.ts";
import { installUser, requestUser, signUserRequest } from "../../core/io/pki/enrol.ts";
import { listUsers } from "../../core/io/pki/ledger.ts";
import { userFolder } from "../../core/io/pki/places.ts";
import { addUser } from "../../core/io/pki/users.ts";
import type { ExitCode } from "../../core/model/faults.ts";
import type { WallMs } from "../../core/model/units.ts";
import { outputColumns, printJson, printLine } from "../output.ts";
import { must, type Settings, userOf } from "../settings.ts";

export const addUserCommand = async (settings: Settings, word: string): Promise<ExitCode> => {
  const name = userOf(word);
  if (settings.request !== undefined) return signRequest(settings, word, settings.request);
  const before = must(listUsers(settings.data, wallNow())).find((known) => known.name === name);
  const { recipient } = must(await addUser(settings.data, name, wallNow()));
  const folder = userFolder(settings.data, name);
  if (settings.json === true) printJson({ ok: true, name, recipient, folder });
  else if (before === undefined || before.revokedAt === null)
    printLine(`user ${name} made in ${folder}; images are sealed to ${recipient}`);
  else
    printLine(
      `user ${name} may come again, with a new key and certificate in ${folder}; images are sealed to ${recipient}`,
    );
  return 0;
};

/** The signed bundle is written beside the request, ready to be carried back. */
const signRequest = async (settings: Settings, word: string, request: string): Promise<ExitCode> => {
  const name = userOf(word);
  const { recipient, bundlePem, authorityFingerprint, state } = must(
    await signUserRequest(settings.data, name, request, wallNow()),
  );
  const bundle = resolve(`${name}-certificate.pem`);
  must(writeFileAtomically(bundle, bundlePem));
  if (settings.json === true) printJson({ ok: true, name, recipient, authorityFingerprint, bundle, state });
  else {
    printLine(`certificate of ${name} ${state}: ${bundle}`);
    printLine(`ask ${name} whether this is the recipient shown there: ${recipient}`);
    printLine(`tell ${name} the CA's fingerprint: ${authorityFingerprint}`);
    printLine(`send it back; there: distinsta user install ${name} ${name}-certificate.pem`);
  }
  return 0;
};

export const listUsersCommand = async (settings: Settings): Promise<ExitCode> => {
  const users = must(listUsers(settings.data, wallNow()));
  const nameWidth = Math.max(0, ...users.map(({ name }) => name.length));
  for (const { name, recipient, validUntil, revokedAt } of users) {
    const until = isoOf(validUntil);
    const since = isoOf(revokedAt);
    if (settings.json === true) printJson({ name, recipient, validUntil: until, revokedAt: since });
    else {
      const standing = since === null ? "" : `  revoked ${since.slice(0, 10)}`;
      const before = `${name.padEnd(nameWidth)}  ${until?.slice(0, 10) ?? unknown}  `;
      const room = outputColumns() - before.length - standing.length;
      printLine(before + shortened(recipient ?? unknown, room) + standing);
    }
  }
  return 0;
};

const unknown = "-         ";

/** Beginning and end, where both do not fit whole; at least so much that people can tell two of them apart. */
const shortened = (recipient: string, room: number): string =>
  recipient.length <= room
    ? recipient
    : `${recipient.slice(0, Math.max(12, room - endLetters - 1))}…${recipient.slice(-endLetters)}`;
const endLetters = 6;

const isoOf = (at: WallMs | null): string | null => (at === null ? null : new Date(at).toISOString());

export const requestUserCommand = async (settings: Settings, word: string): Promise<ExitCode> => {
  const name = userOf(word);
  const { path, recipient } = must(await requestUser(settings.data, name, wallNow()));
  if (settings.json === true) printJson({ ok: true, name, recipient, request: resolve(path) });
  else {
    printLine(`request of ${name}: ${resolve(path)}`);
    printLine(`recipient: ${recipient}`);
    printLine(
      `it holds no secret; send it to where the CA is kept. There: distinsta user add ${name} --request FILE`,
    );
  }
  return 0;
};

export const installUserCommand = async (
  settings: Settings,
  word: string,
  file: string,
): Promise<ExitCode> => {
  const name = userOf(word);
  const { cluster, recipient, authorityFingerprint } = must(
    await installUser(settings.data, name, file, wallNow()),
  );
  if (settings.json === true) printJson({ ok: true, name, cluster, recipient, authorityFingerprint });
  else printLine(`user ${name} of cluster ${cluster}; compare the CA's fingerprint: ${authorityFingerprint}`);
  return 0;
};
