/**
 * Whether some bytes are one harmless MessagePack value, found out by walking over them.
 *
 * A MessagePack decoder believes lengths: three bytes can ask it for an array of 65 535, and a body full of
 * such arrays inside each other for gigabytes. So before anything is built the outline is checked: every
 * element that is announced is really there, nesting is shallow, keys are texts, and there are no extension
 * types. After that a decoder cannot be made to allocate more than a small multiple of what was sent.
 * (MessagePack specification, github.com/msgpack/msgpack/blob/master/spec.md, "Formats".)
 */

/** The deepest message is a page of records: page, records, record, headers, register, stamp. */
export const depthMax = 8;

/** Null when `bytes` are exactly one value within the bounds, otherwise what is wrong with them. */
export const problemOfOutline = (bytes: Uint8Array): string | null => {
  /** How many values are still to come at each depth that is open; maps count keys and values. */
  const left: number[] = [1];
  const isMap: boolean[] = [false];
  let at = 0;
  while (left.length > 0) {
    const level = left.length - 1;
    const remaining = left[level] ?? 0;
    if (remaining === 0) {
      left.pop();
      isMap.pop();
      continue;
    }
    left[level] = remaining - 1;
    const item = itemAt(bytes, at);
    if (item === null) return "a type that is not used here, or bytes that are missing";
    if (isMap[level] === true && remaining % 2 === 0 && item.form !== "text")
      return "a key that is not a text";
    at = item.end;
    if (at > bytes.length) return "fewer bytes than it announces";
    if (item.children === 0) continue;
    if (item.children > bytes.length - at) return "fewer elements than it announces";
    if (level >= depthMax) return `nesting deeper than ${depthMax}`;
    left.push(item.children);
    isMap.push(item.form === "map");
  }
  return at === bytes.length ? null : "bytes after its end";
};

interface Item {
  readonly form: "plain" | "text" | "list" | "map";
  /** Where its own bytes end; its children follow there. */
  readonly end: number;
  readonly children: number;
}

/** The item whose first byte is at `at`; null when that byte is missing or of an unused type. */
const itemAt = (bytes: Uint8Array, at: number): Item | null => {
  const type = bytes[at];
  if (type === undefined) return null;
  if (type < 0x80 || type >= 0xe0) return plain(at + 1);
  if (type < 0x90) return { form: "map", end: at + 1, children: 2 * (type - 0x80) };
  if (type < 0xa0) return { form: "list", end: at + 1, children: type - 0x90 };
  if (type < 0xc0) return { form: "text", end: at + 1 + type - 0xa0, children: 0 };
  const size = sizes.get(type);
  if (size === undefined) return null;
  const body = at + 1 + size.lengthBytes;
  if (size.form === "plain" && size.lengthBytes === 0) return plain(body + size.fixedBytes);
  if (body > bytes.length) return null;
  const length = bigEndian(bytes, at + 1, size.lengthBytes);
  switch (size.form) {
    case "plain":
    case "text":
      return { form: size.form, end: body + length, children: 0 };
    case "list":
      return { form: "list", end: body, children: length };
    case "map":
      return { form: "map", end: body, children: 2 * length };
  }
};

const plain = (end: number): Item => ({ form: "plain", end, children: 0 });

const bigEndian = (bytes: Uint8Array, at: number, length: number): number => {
  let value = 0;
  for (let index = at; index < at + length; index++) value = value * 256 + (bytes[index] ?? 0);
  return value;
};

interface Size {
  readonly form: Item["form"];
  /** Bytes of the length that follows the type; 0 when the size is fixed. */
  readonly lengthBytes: number;
  readonly fixedBytes: number;
}

const fixed = (fixedBytes: number): Size => ({ form: "plain", lengthBytes: 0, fixedBytes });
const counted = (form: Item["form"], lengthBytes: number): Size => ({ form, lengthBytes, fixedBytes: 0 });

/** The types from 0xc0 to 0xdf that are used; 0xc1 is "never used", and extensions are left out. */
const sizes: ReadonlyMap<number, Size> = new Map([
  [0xc0, fixed(0)],
  [0xc2, fixed(0)],
  [0xc3, fixed(0)],
  [0xc4, counted("plain", 1)],
  [0xc5, counted("plain", 2)],
  [0xc6, counted("plain", 4)],
  [0xca, fixed(4)],
  [0xcb, fixed(8)],
  [0xcc, fixed(1)],
  [0xcd, fixed(2)],
  [0xce, fixed(4)],
  [0xcf, fixed(8)],
  [0xd0, fixed(1)],
  [0xd1, fixed(2)],
  [0xd2, fixed(4)],
  [0xd3, fixed(8)],
  [0xd9, counted("text", 1)],
  [0xda, counted("text", 2)],
  [0xdb, counted("text", 4)],
  [0xdc, counted("list", 2)],
  [0xdd, counted("list", 4)],
  [0xde, counted("map", 2)],
  [0xdf, counted("map", 4)],
]);
