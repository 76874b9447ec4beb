/**
 * One header in hand.
 *
 * A header does not depend on the picture, and making one takes a third of a millisecond, a good part of a small
 * upload. So while an upload waits for the servers the header of the next one is made. Each is given out once: its file
 * key seals one image.
 */
import type { Result } from "../../model/faults.ts";
import { good } from "../../model/faults.ts";
import { makeHeader, type Wrapped } from "../../seal/header.ts";
import type { KeyPair } from "../../seal/identity.ts";

interface Spare {
  readonly recipients: string;
  readonly wrapped: Wrapped;
}

/** By whose it is. */
const spares = new WeakMap<KeyPair, Spare>();

/** A header for a new file key that each of `recipients` can open. Errors: those of `makeHeader`. */
export const takeHeader = (keys: KeyPair, recipients: readonly string[]): Result<Wrapped> => {
  const spare = spares.get(keys);
  spares.delete(keys);
  setImmediate(() => {
    if (spares.has(keys)) return;
    const next = makeHeader(recipients);
    if (next.ok) spares.set(keys, { recipients: recipients.join(), wrapped: next.value });
  }).unref();
  return spare?.recipients === recipients.join() ? good(spare.wrapped) : makeHeader(recipients);
};
