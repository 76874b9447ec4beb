/** Small things to do with bytes. */

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/** Uninitialized, with a buffer of its own, for who writes over all of it. */
export const allocateUnset = (bytes: number): Uint8Array => {
  const own = Buffer.allocUnsafeSlow(bytes);
  return new Uint8Array(own.buffer, own.byteOffset, bytes);
};
