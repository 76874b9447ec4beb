/**
 * Pictures that are worth looking at, for the README's own: each a place by the sea at another hour, drawn from its
 * number alone, with so much grain that its file is as large as a camera's.
 */
import sharp from "sharp";
import { noise } from "../support/pictures.ts";

interface Hour {
  readonly sky: readonly [high: string, low: string];
  readonly sun: string;
  readonly far: string;
  readonly near: string;
  readonly sea: readonly [far: string, near: string];
}

const hours: readonly Hour[] = [
  {
    sky: ["#1d3b72", "#f6a55c"],
    sun: "#fff0b8",
    far: "#6a4a63",
    near: "#2a2138",
    sea: ["#c9794f", "#1c2c52"],
  },
  {
    sky: ["#3f8fd6", "#cfe9f7"],
    sun: "#fffbe0",
    far: "#7f9fae",
    near: "#3f6b45",
    sea: ["#7cc3d8", "#1f6a94"],
  },
  {
    sky: ["#5b2a68", "#f0687a"],
    sun: "#ffd08a",
    far: "#5a2f5c",
    near: "#241530",
    sea: ["#d9647c", "#3a1d57"],
  },
  {
    sky: ["#0c1633", "#3a5a8c"],
    sun: "#f3f3e6",
    far: "#22345c",
    near: "#0a1226",
    sea: ["#37568a", "#081327"],
  },
  {
    sky: ["#e7b36a", "#fbe8c0"],
    sun: "#ffffff",
    far: "#c08a58",
    near: "#8a4f35",
    sea: ["#e0c08a", "#7c8f86"],
  },
  {
    sky: ["#6db7b0", "#eef5d8"],
    sun: "#fff4c2",
    far: "#6e9c86",
    near: "#2f5d50",
    sea: ["#9ad4c4", "#27766f"],
  },
];

const width = 1_200;
const height = 900;
const horizon = 560;

/** A JPEG of about `bytes` bytes; the same for the same number. */
export const postcard = async (number: number, bytes: number): Promise<Buffer> => {
  // Grain of full strength takes about this many bytes a pixel.
  const side = Math.sqrt(bytes / 0.55 / (width * height));
  const [wide, high] = [Math.round(width * side), Math.round(height * side)];
  const grain = await sharp(noise(wide * high, number), { raw: { width: wide, height: high, channels: 1 } })
    .toColourspace("b-w")
    .png({ compressionLevel: 0 })
    .toBuffer();
  const scene = await sharp(Buffer.from(sceneSvg(number)), { density: 72 * side })
    .resize(wide, high, { fit: "fill" })
    .removeAlpha()
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 88 })
    .toBuffer();
  return scene;
};

/** Some number from 0 to 1, another for each place that asks. */
const chance = (number: number, place: number): number => {
  const value = Math.sin(number * 127.1 + place * 311.7) * 43_758.5453;
  return value - Math.floor(value);
};

const sceneSvg = (number: number): string => {
  const hour = hours[number % hours.length] ?? hours[0];
  if (hour === undefined) return "";
  const sunX = 180 + 840 * chance(number, 1);
  const sunY = 170 + 260 * chance(number, 2);
  const below = number % 3 === 2 ? houses(number, hour) : boats(number, hour);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    gradient("sky", hour.sky),
    gradient("sea", hour.sea),
    `<rect width="${width}" height="${horizon}" fill="url(#sky)"/>`,
    `<circle cx="${sunX}" cy="${sunY}" r="150" fill="${hour.sun}" opacity="0.25"/>`,
    `<circle cx="${sunX}" cy="${sunY}" r="85" fill="${hour.sun}"/>`,
    hills(number, hour.far, 130, 3),
    `<rect y="${horizon}" width="${width}" height="${height - horizon}" fill="url(#sea)"/>`,
    ...Array.from({ length: 9 }, (_, row) => glitter(number, row, sunX, hour.sun)),
    below,
    "</svg>",
  ].join("");
};

const gradient = (id: string, [from, to]: readonly [string, string]): string =>
  `<defs><linearGradient id="${id}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${from}"/>` +
  `<stop offset="1" stop-color="${to}"/></linearGradient></defs>`;

const hills = (number: number, color: string, high: number, place: number): string => {
  const tops = Array.from({ length: 7 }, (_, at) => {
    const y = horizon - 20 - high * chance(number, place + at);
    return `S${at * 200 - 60} ${y} ${at * 200 + 40} ${y + 20}`;
  });
  return `<path d="M-80 ${horizon} ${tops.join(" ")} L${width + 80} ${horizon} Z" fill="${color}"/>`;
};

const glitter = (number: number, row: number, sunX: number, color: string): string => {
  const y = horizon + 18 + row * 36;
  const half = 30 + row * 22 * chance(number, 20 + row);
  const x = sunX - half + 40 * (chance(number, 40 + row) - 0.5);
  return `<rect x="${x}" y="${y}" width="${half * 2}" height="${7 + row}" rx="5" fill="${color}" opacity="0.55"/>`;
};

const boats = (number: number, { near, sun }: Hour): string =>
  Array.from({ length: 1 + (number % 3) }, (_, at) => {
    const x = 160 + 800 * chance(number, 60 + at);
    const y = 640 + 140 * chance(number, 70 + at);
    const size = 0.9 + 1.1 * chance(number, 80 + at);
    return [
      `<g transform="translate(${x} ${y}) scale(${size})">`,
      `<path d="M-90 0H90L60 42H-62Z" fill="${near}"/>`,
      `<path d="M-6 -10V-170L-80 -10Z" fill="${sun}" opacity="0.92"/>`,
      `<path d="M6 -10V-140L66 -10Z" fill="#d95d39"/>`,
      "</g>",
    ].join("");
  }).join("");

const houses = (number: number, { near, sun }: Hour): string =>
  Array.from({ length: 9 }, (_, at) => {
    const x = at * 140 - 40;
    const high = 150 + 190 * chance(number, 90 + at);
    const y = height - high;
    const walls = ["#d95d39", "#e3b23c", near, "#3b8ea5", "#c1666b"][
      Math.floor(5 * chance(number, 110 + at))
    ];
    return [
      `<path d="M${x} ${y}L${x + 65} ${y - 70}L${x + 130} ${y}V${height}H${x}Z" fill="${walls}"/>`,
      `<rect x="${x + 25}" y="${y + 30}" width="28" height="38" fill="${sun}"/>`,
      `<rect x="${x + 78}" y="${y + 30}" width="28" height="38" fill="${sun}"/>`,
    ].join("");
  }).join("");
