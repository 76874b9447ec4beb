/** The frames whose bytes `docs/protocol.md` shows, by the name they have there. */

import { fault } from "../../../core/model/faults.ts";
import { clusterId, imageId } from "../../../core/model/ids.ts";
import type { Message } from "../../../core/model/messages.ts";
import { encodeMessage } from "../../../core/wire/codec.ts";
import { encodeFrame } from "../../../core/wire/frame.ts";
import { refusalOf } from "../../../core/wire/schema-faults.ts";

const message = (value: Message): Uint8Array => encodeFrame("message", encodeMessage(value));

export const workedFrames: Readonly<Record<string, Uint8Array>> = {
  hello: message({
    kind: "hello",
    protocol: 4,
    version: "0.1.0",
    cluster: clusterId("00112233445566778899aabbccddeeff"),
    agreement: ["cluster.replication = 2"],
    purpose: "request",
  }),
  get: message({ kind: "get", id: imageId("0198c0de-0000-7000-8000-000000000001") }),
  revocations: message({ kind: "revocations", digest: 0 }),
  refused: message(refusalOf(fault("IMAGE_NOT_FOUND", { id: "0198c0de" }))),
  chunk: encodeFrame("chunk", new Uint8Array([1, 2, 3, 4])),
};
