/**
 * Messages to bytes and back.
 *
 * A message is one MessagePack map whose `kind` says which schema it must fit, exactly: a missing, unknown or
 * ill-typed field refuses the whole message, and the reason names the field. What passes is the type that it
 * claims to be.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";
import type { z } from "zod";
import { bad, type Fault, fault, good, type Result } from "../model/faults.ts";
import { frameBytesMax } from "../model/limits.ts";
import { type Message, protocolVersion } from "../model/messages.ts";
import { problemOfOutline } from "./outline.ts";
import { messageSchemas } from "./schema.ts";

/**
 * The body of the message's frame. Throws RangeError when it is longer than a frame may be, which is a bug of
 * the caller: pages are cut by size before they are sent.
 */
export const encodeMessage = (message: Message): Uint8Array => {
  const body = encoder.encode(message);
  if (body.length > frameBytesMax) {
    throw new RangeError(`a ${message.kind} of ${body.length} bytes does not fit in a frame`);
  }
  return body;
};

/**
 * The message in a frame's body, or PROTOCOL_VIOLATION with the field that is wrong. A hello of another
 * protocol version is VERSION_MISMATCH, whatever else is in it. Never throws. Byte arrays in the message are
 * plain `Uint8Array`s on a copy of `body` that belongs to the message alone.
 */
export const decodeMessage = (body: Uint8Array): Result<Message> => {
  if (body.length > frameBytesMax) return refuse(`a message of ${body.length} bytes`);
  const outline = problemOfOutline(body);
  if (outline !== null) return refuse(`a message with ${outline}`);
  const value = decodeValue(body);
  if (value === undefined) return refuse("a message that is not MessagePack");
  const kind = kindIn(value);
  if (kind === null) return refuse("a message of unknown kind");
  const schema: z.ZodType = messageSchemas[kind];
  const checked = schema.safeParse(value);
  if (checked.success) return good(checked.data as Message);
  return bad(otherVersion(value) ?? violation(wordIssue(kind, checked.error)));
};

const encoder = new Encoder();
const decoder = new Decoder();

/** Undefined when the decoder finds fault with what the outline does not look at (`__proto__` as a key). */
const decodeValue = (body: Uint8Array): unknown => {
  try {
    return decoder.decode(new Uint8Array(body));
  } catch {
    return undefined;
  }
};

const kindIn = (value: unknown): keyof typeof messageSchemas | null => {
  if (typeof value !== "object" || value === null || !("kind" in value)) return null;
  const { kind } = value;
  return typeof kind === "string" && Object.hasOwn(messageSchemas, kind)
    ? (kind as keyof typeof messageSchemas)
    : null;
};

/** `kind` and `protocol` of a hello keep their names and types for ever, so that versions can tell each other. */
const otherVersion = (value: unknown): Fault | null => {
  const { kind, protocol } = value as { readonly kind: unknown; readonly protocol?: unknown };
  return kind === "hello" && Number.isSafeInteger(protocol) && protocol !== protocolVersion
    ? fault("VERSION_MISMATCH", { peer: "the peer", theirs: Number(protocol), ours: protocolVersion })
    : null;
};

const issuePathMax = 8;

const wordIssue = (kind: string, error: z.ZodError): string => {
  const issue = error.issues[0];
  const path = (issue?.path ?? []).slice(0, issuePathMax).map((part) => String(part).slice(0, 40));
  return `${[kind, ...path].join(".")}: ${issue?.message.slice(0, 120) ?? "does not fit"}`;
};

const violation = (reason: string): Fault => fault("PROTOCOL_VIOLATION", { reason });
const refuse = (reason: string): Result<never> => bad(violation(reason));
