import { expect, test } from "vitest";
import type { Client } from "../../../core/io/client/client.ts";
import { bad, fault, good } from "../../../core/model/faults.ts";
import { shortId, userNameOf } from "../../../core/model/ids.ts";
import type { ImageRecord } from "../../../core/model/records.ts";
import { openSources } from "../../../src/client/sources.ts";
import { idOf, recordOf } from "../../support/records.ts";

const stamp = { atMs: 1, node: 1 };
const header = (value: Uint8Array | null) => ({ stamp, value });

const clientOf = (lists: (readonly ImageRecord[] | null)[]): Client =>
  ({
    user: userNameOf("alice"),
    async *list() {
      const records = lists.shift() ?? null;
      if (records === null) yield bad(fault("NO_SERVER", { tried: [] }));
      for (const record of records ?? []) yield good(record);
    },
  }) as unknown as Client;

test("images are offered by id and name, and people with whom any is shared, either way", async () => {
  const own = recordOf(idOf(1));
  const shared = {
    ...recordOf(idOf(2)),
    headers: {
      alice: header(new Uint8Array(9)),
      zoe: header(new Uint8Array(9)),
      erin: header(null),
    },
  };
  const from = recordOf(idOf(3));
  const bobs = { ...from, facts: { ...from.facts, owner: userNameOf("bob") } };
  const sources = openSources(clientOf([[bobs, shared, own], null]));
  expect((await sources.people()).map(({ word }) => word)).toEqual(["bob", "zoe"]);
  expect((await sources.ids()).map(({ label }) => label)).toEqual(
    [3, 2, 1].map((n) => `${shortId(idOf(n))}  cat.png`),
  );
  // Where nobody answers, what was known stays.
  sources.refresh();
  expect((await sources.people()).map(({ word }) => word)).toEqual(["bob", "zoe"]);
});
