/**
 * Whether a text is an age recipient that was copied whole.
 *
 * A recovery recipient with one wrong letter would only be noticed when somebody needs it, so its checksum is
 * looked at when the configuration is read. Bech32 as in BIP 173 ("Checksum"), without its length limit; the
 * age v1 specification ("The X25519 recipient type") gives the prefix and the 32 bytes.
 */

const alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const prefix = "age";
const form = /^age1([02-9ac-hj-np-z]{58})$/;
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

export const isAgeRecipient = (text: string): boolean => {
  const symbols = form.exec(text)?.[1];
  if (symbols === undefined) return false;
  const letters = [...prefix].map((letter) => letter.charCodeAt(0));
  const values = [
    ...letters.map((code) => code >> 5),
    0,
    ...letters.map((code) => code & 31),
    ...[...symbols].map((symbol) => alphabet.indexOf(symbol)),
  ];
  return values.reduce(step, 1) === 1;
};

/** One symbol more into the checksum: a division of polynomials over GF(32). */
const step = (checksum: number, value: number): number => {
  const top = checksum >> 25;
  const shifted = ((checksum & 0x1ffffff) << 5) ^ value;
  return generator.reduce((sum, term, bit) => ((top >> bit) & 1 ? sum ^ term : sum), shifted);
};
