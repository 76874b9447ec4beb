import { expect, test } from "vitest";
import { HeadSniffer } from "../../../core/io/upload-head.ts";
import { imageTypes } from "../../../core/model/records.ts";
import { cameraJpeg, noisePicture } from "../../support/pictures.ts";

const limits = { imageBytesMax: 10_000_000, imagePixelsMax: 100_000 };

test.each(imageTypes)("%s is recognized byte by byte as well as in one piece", async (type) => {
  const picture = await noisePicture(type, 40, 30);
  const whole = new HeadSniffer("a", picture.bytes.length, limits);
  expect(whole.push(picture.bytes)).toBeNull();
  const bytewise = new HeadSniffer("a", picture.bytes.length, limits);
  for (const byte of picture.bytes) expect(bytewise.push(Uint8Array.of(byte))).toBeNull();
  for (const { picture: seen } of [whole, bytewise])
    expect(seen).toMatchObject({ type, dimensions: { width: 40, height: 30 } });
});

test("nothing is known before enough has come, and nothing more is kept after", async () => {
  const picture = await cameraJpeg(64, 48, 150_000);
  const head = new HeadSniffer("a", picture.bytes.length, limits);
  expect(head.push(picture.bytes.subarray(0, 2))).toBeNull();
  expect(head.picture).toBeNull();
  for (let from = 2; from < picture.bytes.length; from += 65_536)
    expect(head.push(picture.bytes.subarray(from, from + 65_536))).toBeNull();
  expect(head.picture?.type).toBe("image/jpeg");
  expect(head.push(Buffer.from("whatever"))).toBeNull();
});

test("too many pixels and other files are refused with the first bytes that tell", async () => {
  const picture = await noisePicture("image/png", 400, 300);
  const head = new HeadSniffer("big.png", picture.bytes.length, limits);
  let refused = head.push(picture.bytes.subarray(0, 100));
  for (let from = 100; refused === null && from < 5_000; from += 100)
    refused = head.push(picture.bytes.subarray(from, from + 100));
  expect(refused).toMatchObject({ code: "TOO_MANY_PIXELS", width: 400 });
  const text = new HeadSniffer("notes.txt", 50, limits);
  expect(text.push(Buffer.from("x".repeat(50)))).toMatchObject({ code: "NOT_AN_IMAGE", name: "notes.txt" });
});
