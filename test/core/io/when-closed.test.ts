import { expect, test, vi } from "vitest";
import type { Connection } from "../../../core/io/connection.ts";
import { whenClosed } from "../../../core/io/when-closed.ts";

const connectionThat = (closed: Promise<null>): Connection => ({ closed }) as unknown as Connection;

test("whoever wants it is told, whoever has left is not, and the connection has one reaction", async () => {
  const closing = Promise.withResolvers<null>();
  const connection = connectionThat(closing.promise);
  const reactions = vi.spyOn(closing.promise, "then");
  const [stayed, twice, left] = [vi.fn(), vi.fn(), vi.fn()];
  whenClosed(connection, stayed);
  whenClosed(connection, twice);
  const leaveOnce = whenClosed(connection, twice);
  for (let n = 0; n < 100; n++) whenClosed(connection, left)();
  leaveOnce();
  expect(reactions).toHaveBeenCalledTimes(1);
  closing.resolve(null);
  await closing.promise;
  expect(stayed).toHaveBeenCalledTimes(1);
  expect(twice).toHaveBeenCalledTimes(1);
  expect(left).not.toHaveBeenCalled();
});

test("of one that has closed already it is told as well", async () => {
  const connection = connectionThat(Promise.resolve(null));
  const [first, late] = [vi.fn(), vi.fn()];
  whenClosed(connection, first);
  await connection.closed;
  expect(first).toHaveBeenCalledTimes(1);
  whenClosed(connection, late);
  await Promise.resolve();
  expect(late).toHaveBeenCalledTimes(1);
});
