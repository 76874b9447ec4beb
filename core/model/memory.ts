/**
 * Giving memory back by hand.
 *
 * An image passes through as chunks of 64 KiB, and each of them would wait for the garbage collector, which then goes
 * through everything that lives because of bytes that nobody needs: in profiles that was a third of an upload. Whoever
 * is the only one to hold a chunk, and is through with it, says so here instead.
 */

/**
 * Gives back the memory of `bytes`, when they are the whole of their buffer; otherwise others may look at the rest of
 * it, and nothing happens. Only for who made them, or was given them for good: every view of them is empty afterwards.
 */
export const giveBack = (bytes: Uint8Array): void => {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
};
