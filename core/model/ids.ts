/**
 * Names for things, so that the compiler tells them apart.
 *
 * Every id is a plain number or string at run time. The brand exists only in the type: a `Term` cannot be
 * passed where a `NodeId` is wanted, although both are whole numbers. The only ways to make one are the
 * functions below, which check the value.
 */

declare const brand: unique symbol;
export type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };

/** A server process: 1 … 9, from the `nodeK` keys of `config.toml`. */
export type NodeId = Brand<number, "NodeId">;
/** One reign of one leader: a whole number ≥ 0, never reused, never decreasing. 0 is "before the first". */
export type Term = Brand<number, "Term">;
/** How often this node's process was started on this disk: ≥ 1, durable, one more at each start. */
export type Boot = Brand<number, "Boot">;
/** Which disk: 32 hex digits, made when a data folder is born. */
export type StoreId = Brand<string, "StoreId">;
/** Which cluster: 32 hex digits, made with its certificate authority. */
export type ClusterId = Brand<string, "ClusterId">;
/** An image, and the request that made it: a UUIDv7 (RFC 9562 §5.7), lower case. */
export type ImageId = Brand<string, "ImageId">;
/** A person: 1 to 32 of `a-z 0-9 . _ -`, beginning with a letter or digit. */
export type UserName = Brand<string, "UserName">;

export const nodeIdMax = 9;

const hex32 = /^[0-9a-f]{32}$/;
const uuid7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const userName = /^[a-z0-9][a-z0-9._-]{0,31}$/;

const wholeWithin = (value: unknown, min: number, max: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max;

/** `value` as a node id, or null when it is not one. */
export const parseNodeId = (value: unknown): NodeId | null =>
  wholeWithin(value, 1, nodeIdMax) ? (value as NodeId) : null;
export const parseTerm = (value: unknown): Term | null =>
  wholeWithin(value, 0, Number.MAX_SAFE_INTEGER) ? (value as Term) : null;
export const parseBoot = (value: unknown): Boot | null =>
  wholeWithin(value, 1, Number.MAX_SAFE_INTEGER) ? (value as Boot) : null;
export const parseStoreId = (value: unknown): StoreId | null =>
  typeof value === "string" && hex32.test(value) ? (value as StoreId) : null;
export const parseClusterId = (value: unknown): ClusterId | null =>
  typeof value === "string" && hex32.test(value) ? (value as ClusterId) : null;
export const parseImageId = (value: unknown): ImageId | null =>
  typeof value === "string" && uuid7.test(value) ? (value as ImageId) : null;
export const parseUserName = (value: unknown): UserName | null =>
  typeof value === "string" && userName.test(value) ? (value as UserName) : null;

const must = <T>(value: T | null, what: string): T => {
  if (value === null) throw new TypeError(`not a ${what}`);
  return value;
};

/** For values that our own code made: throws TypeError, because a wrong one is our bug. */
export const nodeId = (value: number): NodeId => must(parseNodeId(value), "node id");
export const term = (value: number): Term => must(parseTerm(value), "term");
export const boot = (value: number): Boot => must(parseBoot(value), "boot number");
export const storeId = (value: string): StoreId => must(parseStoreId(value), "store id");
export const clusterId = (value: string): ClusterId => must(parseClusterId(value), "cluster id");
export const imageId = (value: string): ImageId => must(parseImageId(value), "image id");
export const userNameOf = (value: string): UserName => must(parseUserName(value), "user name");

export const nextTerm = (current: Term): Term => term(current + 1);

/** What people see of an image id: its last 8 hex digits (a UUIDv7 begins with the time). */
export const shortId = (id: ImageId): string => id.slice(-8);
