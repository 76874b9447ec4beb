import fc from "fast-check";
import { expect, test } from "vitest";
import { imageId } from "../../../core/model/ids.ts";
import { createdAtOf, imageIdFrom, imageIdPart, namesImage } from "../../../core/model/image-id.ts";
import { wallMs } from "../../../core/model/units.ts";

const moments = fc.nat(2 ** 48 - 1).map(wallMs);
const tenBytes = fc.uint8Array({ minLength: 10, maxLength: 10 });

test("the time comes back out of every id", () => {
  fc.assert(
    fc.property(moments, tenBytes, (at, random) => {
      expect(createdAtOf(imageIdFrom(at, random))).toBe(at);
    }),
  );
});

test("ids sort by time", () => {
  fc.assert(
    fc.property(moments, moments, tenBytes, tenBytes, (a, b, x, y) => {
      fc.pre(a < b);
      expect(imageIdFrom(a, x) < imageIdFrom(b, y)).toBe(true);
    }),
  );
});

test("74 of the random bits are in the id: changing one changes it", () => {
  const zeros = imageIdFrom(wallMs(0), new Uint8Array(10));
  let different = 0;
  for (let bit = 0; bit < 80; bit++) {
    const random = new Uint8Array(10);
    random[bit >> 3] = 1 << (bit & 7);
    if (imageIdFrom(wallMs(0), random) !== zeros) different++;
  }
  expect(different).toBe(74);
});

test("the example of RFC 9562, appendix A.6, is made from its parts", () => {
  const random = Uint8Array.from([0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f]);
  expect(imageIdFrom(wallMs(0x017f22e279b0), random)).toBe("017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

test("other than ten random bytes are a bug", () => {
  expect(() => imageIdFrom(wallMs(0), new Uint8Array(9))).toThrow(RangeError);
});

test("an image is named by its id, its short id or a beginning of either, and by nothing else", () => {
  const id = imageId("01937f3a-1234-7abc-8def-0123456789ab");
  for (const part of [id, "456789ab", "456789a", "45", "0", "01937f3a-12"])
    expect(namesImage(part, id)).toBe(true);
  for (const part of ["56789ab", "4", "1234", "ab"]) expect(namesImage(part, id)).toBe(false);
  for (const part of ["", "x", "0".repeat(37), "*"]) expect(imageIdPart.test(part)).toBe(false);
});
