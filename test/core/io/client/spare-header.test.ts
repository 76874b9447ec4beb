import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { takeHeader } from "../../../../core/io/client/spare-header.ts";
import { openHeader } from "../../../../core/seal/header.ts";
import { makeIdentity } from "../../../../core/seal/identity.ts";

const [alice, bob] = await Promise.all([makeIdentity(), makeIdentity()]);

const taken = async (recipients: readonly string[]) => {
  const header = takeHeader(alice, recipients);
  if (!header.ok) throw new Error(header.fault.code);
  // For the next one to be made.
  await setImmediate();
  return header.value;
};

test("each header that is given out has a file key of its own, and its reader can open it", async () => {
  const headers = [
    await taken([alice.recipient]),
    await taken([alice.recipient]),
    await taken([alice.recipient]),
  ];
  expect(new Set(headers.map(({ fileKey }) => Buffer.from(fileKey).toString("hex"))).size).toBe(3);
  for (const { header, fileKey } of headers)
    expect(await openHeader(header, alice.identity, "x")).toEqual({ ok: true, value: fileKey });
});

test("one that was made for other readers is not given out", async () => {
  await taken([alice.recipient]);
  const { header, fileKey } = await taken([alice.recipient, bob.recipient]);
  expect(await openHeader(header, bob.identity, "x")).toEqual({ ok: true, value: fileKey });
});
