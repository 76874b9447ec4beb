import { describe, expect, test } from "vitest";
import { userNameOf } from "../../../core/model/ids.ts";
import {
  headerFor,
  mayRead,
  readersOf,
  registerOf,
  sharedWith,
  shownTo,
} from "../../../core/model/readers.ts";
import { wallMs } from "../../../core/model/units.ts";
import { idOf, recordOf } from "../../support/records.ts";

const [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(userNameOf) as [
  ReturnType<typeof userNameOf>,
  ReturnType<typeof userNameOf>,
  ReturnType<typeof userNameOf>,
  ReturnType<typeof userNameOf>,
];
const plain = recordOf(idOf(1));
const stamp = { atMs: 1, node: 1 };
const bobs = { stamp, value: new Uint8Array([1]) };
const shared = recordOf(idOf(1), {
  headers: {
    ...plain.headers,
    dave: { stamp, value: new Uint8Array([3]) },
    bob: bobs,
    carol: { stamp, value: null },
  },
});
const thrown = { ...shared, trashed: { stamp, value: wallMs(5) } };

describe("who may read an image", () => {
  test("is its owner, and whoever has a header, for as long as it is there", () => {
    expect([alice, bob, carol, dave].map((user) => mayRead(shared, user))).toEqual([true, true, false, true]);
    expect(sharedWith(shared)).toEqual([bob, dave]);
    expect(readersOf(shared)).toEqual([bob, dave]);
    expect(sharedWith(plain)).toEqual([]);
    expect(headerFor(shared, bob)).toEqual(new Uint8Array([1]));
    expect(headerFor(shared, carol)).toBeNull();
    expect(registerOf(shared.headers, carol)).toEqual({ stamp, value: null });
  });

  test("is its owner alone while it is in the trash", () => {
    expect([alice, bob, carol, dave].map((user) => mayRead(thrown, user))).toEqual([
      true,
      false,
      false,
      false,
    ]);
    expect(readersOf(thrown)).toEqual([]);
    expect(sharedWith(thrown)).toEqual([bob, dave]);
  });

  test("is nobody who is called like something that every object has", () => {
    const builder = userNameOf("constructor");
    expect(mayRead(plain, builder)).toBe(false);
    expect(headerFor(plain, builder)).toBeNull();
    expect(registerOf(plain.headers, "toString")).toBeNull();
  });
});

test("a reader is shown one header, the owner all of them", () => {
  expect(shownTo(shared, alice)).toBe(shared);
  expect(shownTo(shared, bob)).toEqual({ ...shared, headers: { bob: bobs } });
});
