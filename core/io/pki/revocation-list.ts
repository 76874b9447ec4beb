/**
 * The list of the revoked, as the CA signs it: plain lines that prove themselves, whoever hands them on.
 *
 *     distinsta revocations 1
 *     cluster 00112233445566778899aabbccddeeff
 *     number 2
 *     user alice 2026-11-26T05:00:00Z       her certificates that were made then or before
 *     user bob 2026-11-20T11:31:07Z         by ascending name
 *     signature MEUCIQ…                     base64 (RFC 4648 §4), ECDSA as in RFC 3279 §2.2.3
 *
 * The signature is over all lines before it, with SHA-256 and the CA's key, which also signs certificates. Neither can
 * be taken for the other: what is signed of a certificate begins with the byte 30, and this with the letter d. What a
 * list says has exactly one form, and so have the bytes of its signature; anything else is none.
 */
import { createHash, sign, verify, X509Certificate } from "node:crypto";
import { parseClusterId, parseUserName, type UserName } from "../../model/ids.ts";
import { revocationsBytesMax, usersMax } from "../../model/limits.ts";
import type { RevocationList, RevokedUsers } from "../../model/revocations.ts";
import { type WallMs, wallMs } from "../../model/units.ts";
import type { Authority } from "./authority.ts";
import { clusterOfAuthority } from "./identity.ts";

export interface SignedList extends RevocationList {
  /** As it was signed, signature included. */
  readonly bytes: Uint8Array;
  /** 1 … 2^48 − 1; 0 stands for no list. */
  readonly digest: number;
}

/** At most `usersMax` users. */
export const signRevocations = (authority: Authority, number: number, users: RevokedUsers): SignedList => {
  const list = { cluster: authority.cluster, number, users };
  const body = bodyOf(list);
  const signature = sign("sha256", Buffer.from(body), authority.keyPem).toString("base64");
  return signedList(list, Buffer.from(`${body}${signatureWord}${signature}\n`));
};

/** What `bytes` say, when they are a list that the CA in `caPem` signed; null otherwise, whatever they are. */
export const readRevocations = (bytes: Uint8Array, caPem: string): SignedList | null => {
  if (bytes.length > revocationsBytesMax) return null;
  const text = Buffer.from(bytes).toString("latin1");
  const at = text.lastIndexOf(signatureWord);
  if (at < 0) return null;
  const body = text.slice(0, at);
  const signature = parseSignature(text.slice(at + signatureWord.length));
  const ca = new X509Certificate(caPem);
  if (signature === null || !verify("sha256", Buffer.from(body, "latin1"), ca.publicKey, signature))
    return null;
  const list = parseBody(body);
  const cluster = clusterOfAuthority(ca.raw);
  return list === null || !cluster.ok || cluster.value !== list.cluster ? null : signedList(list, bytes);
};

/** The list that counts: the highest number. Of two that share it, the greater bytes, so that all take the same. */
export const newestOf = (lists: readonly (SignedList | null)[]): SignedList | null =>
  lists.reduce((a, b) => (a === null || (b !== null && isNewer(b, a)) ? b : a), null);

const isNewer = (a: SignedList, b: SignedList): boolean =>
  a.number !== b.number ? a.number > b.number : Buffer.compare(a.bytes, b.bytes) > 0;

const firstLine = "distinsta revocations 1";
const signatureWord = "signature ";

/** The rest of the last line. The last letter of base64 may have bits that say nothing (RFC 4648 §3.5): zeros only. */
const parseSignature = (rest: string): Uint8Array | null => {
  const word = /^([A-Za-z0-9+/]{1,200}={0,2})\n$/.exec(rest)?.[1];
  if (word === undefined) return null;
  const signature = Buffer.from(word, "base64");
  return signature.toString("base64") === word ? signature : null;
};

const bodyOf = ({ cluster, number, users }: RevocationList): string => {
  const sorted = [...users].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = sorted.map(([name, until]) => `user ${name} ${sayTime(until)}`);
  return `${[firstLine, `cluster ${cluster}`, `number ${number}`, ...lines].join("\n")}\n`;
};

/** Whole seconds, UTC. */
const sayTime = (at: WallMs): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** What reads as a list is one only if it is written exactly as we would write it. */
const parseBody = (body: string): RevocationList | null => {
  const [first, clusterLine = "", numberLine = "", ...lines] = body.split("\n");
  const cluster = parseClusterId(/^cluster (.*)$/.exec(clusterLine)?.[1]);
  const number = Number(/^number ([1-9]\d{0,14})$/.exec(numberLine)?.[1]);
  if (first !== firstLine || cluster === null || !Number.isSafeInteger(number)) return null;
  if (lines.length > usersMax + 1) return null;
  const users = new Map<UserName, WallMs>();
  for (const line of lines.slice(0, -1)) {
    const [, word, time = ""] = /^user (\S+) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/.exec(line) ?? [];
    const name = parseUserName(word);
    const until = Date.parse(time);
    if (name === null || Number.isNaN(until)) return null;
    users.set(name, wallMs(until));
  }
  const list = { cluster, number, users };
  return bodyOf(list) === body ? list : null;
};

const signedList = (list: RevocationList, bytes: Uint8Array): SignedList => {
  const digest = Math.max(1, createHash("sha256").update(bytes).digest().readUIntBE(0, 6));
  return { ...list, bytes, digest };
};
