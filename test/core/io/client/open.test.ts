import { expect, test } from "vitest";
import { openThumbnail } from "../../../../core/io/client/open.ts";
import { userNameOf } from "../../../../core/model/ids.ts";
import type { ImageRecord } from "../../../../core/model/records.ts";
import { makeHeader, wrapFileKey } from "../../../../core/seal/header.ts";
import { makeIdentity } from "../../../../core/seal/identity.ts";
import { createSealer } from "../../../../core/seal/payload.ts";
import { idOf, recordOf } from "../../../support/records.ts";
import { codeOf, must } from "../pki/fixtures.ts";

const [alice, bob, carol] = [userNameOf("alice"), userNameOf("bob"), userNameOf("carol")];
const [alices, bobs] = [await makeIdentity(), await makeIdentity()];
const { header, fileKey } = must(await makeHeader([alices.recipient]));
const webp = new Uint8Array(900).fill(7);

const sealed = (): Uint8Array => {
  const sealer = createSealer({ fileKey, nonce: new Uint8Array(16).fill(1) });
  return new Uint8Array(Buffer.concat([...sealer.push(webp), ...sealer.finish()]));
};
const recordWith = async (thumbnail: Uint8Array | null): Promise<ImageRecord> => {
  const stamp = { atMs: 1, node: 1 };
  const shared = must(await wrapFileKey(fileKey, [bobs.recipient]));
  return recordOf(idOf(1), {
    headers: { alice: { stamp, value: header }, bob: { stamp, value: shared } },
    inspection: { stamp, value: { verdict: "ok", thumbnail } },
  });
};

test("owner and reader open the thumbnail, each with a header of their own", async () => {
  const record = await recordWith(sealed());
  for (const [user, keys] of [
    [alice, alices],
    [bob, bobs],
  ] as const)
    expect(must(await openThumbnail(record, user, keys))).toEqual(webp);
  expect(must(await openThumbnail(await recordWith(null), bob, bobs))).toBeNull();
});

test("nobody opens it with another's header, without one, or when a byte of it was altered", async () => {
  const record = await recordWith(sealed());
  expect(codeOf(await openThumbnail(record, alice, bobs))).toBe("SEAL_BROKEN");
  expect(codeOf(await openThumbnail(record, carol, bobs))).toBe("IMAGE_NOT_FOUND");
  for (const at of [0, 20, sealed().length - 1]) {
    const altered = sealed();
    altered.set([(altered[at] ?? 0) ^ 1], at);
    expect(codeOf(await openThumbnail(await recordWith(altered), bob, bobs))).toBe("SEAL_BROKEN");
  }
  expect(codeOf(await openThumbnail(await recordWith(sealed().subarray(0, 500)), bob, bobs))).toBe(
    "SEAL_BROKEN",
  );
});
