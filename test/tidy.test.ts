/**
 * The style of this repository as a test: what may import what, how long a file may be, that nothing is dead,
 * undated or undocumented. Each test prints all offenders at once.
 *
 * (That every key of config.toml is documented is held by test/core/io/config-pages.test.ts; types, `any` and
 * non-null assertions by the compiler and the linter.)
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";
import { exitCodeOf, type Fault } from "../core/model/faults.ts";

const root = join(import.meta.dirname, "..");

/** Paths from the root of every file below `folder` whose name ends so. */
const filesBelow = (folder: string, ...endings: readonly string[]): readonly string[] =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .map((name) => `${folder}/${name}`)
        .filter((path) => endings.some((ending) => path.endsWith(ending)))
        .sort()
    : [];

const product = ["core", "ui", "src"].flatMap((folder) => filesBelow(folder, ".ts", ".tsx"));
const launchers = ["bin", "tools"].flatMap((folder) => filesBelow(folder, ".js"));
const tests = filesBelow("test", ".ts", ".tsx");
const pages = [...filesBelow("docs", ".md"), ...["README.md"].filter((path) => existsSync(join(root, path)))];

const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

/** A line of `file:line: text` for every line that matches. */
const linesMatching = (paths: readonly string[], pattern: RegExp): readonly string[] =>
  paths.flatMap((path) =>
    textOf(path)
      .split("\n")
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );

/** Room by room, from the inside out: what it may import of ours, and which packages; null: any. */
const rooms: readonly {
  readonly room: string;
  readonly imports: readonly string[];
  readonly packages: RegExp | null;
}[] = [
  { room: "core/model/", imports: ["core/model/"], packages: /^$/ },
  { room: "core/ports.ts", imports: ["core/model/"], packages: /^$/ },
  { room: "core/decide/", imports: ["core/decide/", "core/model/", "core/ports.ts"], packages: /^$/ },
  { room: "core/wire/", imports: ["core/wire/", "core/model/"], packages: /^(@msgpack\/msgpack|zod)$/ },
  {
    room: "core/seal/",
    imports: ["core/seal/", "core/model/"],
    packages: /^(age-encryption|node:crypto|node:assert\/strict)$/,
  },
  // A store knows no file system: its disk and its index come in through ports.
  {
    room: "core/store/",
    imports: ["core/store/", "core/model/", "core/ports.ts"],
    packages: /^(@msgpack\/msgpack|node:(crypto|zlib|assert\/strict))$/,
  },
  { room: "core/io/", imports: ["core/"], packages: /^(?!ink|react|blessed|commander)/ },
  { room: "ui/model/", imports: ["ui/model/", "core/model/"], packages: /^$/ },
  {
    room: "ui/",
    imports: ["ui/", "core/model/"],
    packages: /^(?!node:(net|tls|http|https|http2|dgram|sqlite)$)/,
  },
  { room: "src/", imports: ["src/", "ui/", "core/"], packages: null },
];

const importPattern = /(?:\bfrom\s+|\bimport\s*\(\s*|^\s*import\s+)["']([^"']+)["']/gm;
const importsOf = (path: string): readonly string[] =>
  [...textOf(path).matchAll(importPattern)].flatMap(([, specifier]) =>
    specifier === undefined ? [] : [specifier],
  );

test("imports point inwards only", () => {
  const offenders = product.flatMap((path) => {
    const rules = rooms.find(({ room }) => path.startsWith(room));
    if (rules === undefined) return [`${path} is in no room`];
    return importsOf(path).flatMap((specifier) => {
      if (!specifier.startsWith(".")) {
        return rules.packages === null || rules.packages.test(specifier)
          ? []
          : [`${path} imports ${specifier}`];
      }
      const target = normalize(join(dirname(path), specifier));
      return rules.imports.some((allowed) => target.startsWith(allowed)) ? [] : [`${path} imports ${target}`];
    });
  });
  expect(offenders).toEqual([]);
});

/** Lines that are neither empty nor only comment. */
const codeLinesMax = 350;
test(`no file has more than ${codeLinesMax} lines of code`, () => {
  const offenders = [...product, ...launchers].flatMap((path) => {
    const lines = textOf(path).split("\n");
    const code = lines.filter((line) => !/^\s*($|\/\/|\/\*|\*)/.test(line)).length;
    return code > codeLinesMax ? [`${path}: ${code} lines`] : [];
  });
  expect(offenders).toEqual([]);
});

/** A `switch` over all cases of a union is one table, however long. */
const functionLinesMax = 80;
test(`no function at the top of a file has more than ${functionLinesMax} lines`, () => {
  const offenders = [...product, ...launchers].flatMap((path) => {
    const lines = textOf(path).split("\n");
    return lines.flatMap((line, start) => {
      const name = /^(?:export )?(?:const|async function|function) (\w+).*[{(]$/.exec(line)?.[1];
      const length = lines.slice(start).findIndex((end) => /^[})\]]/.test(end) && !/[{(]$/.test(end)) + 1;
      const body = lines.slice(start, start + length);
      const isFunction = /=>|function/.test(body.slice(0, 12).join("\n"));
      const isTable = body.slice(0, 6).some((each) => /^ {2}switch \(/.test(each));
      return name !== undefined && isFunction && !isTable && length > functionLinesMax
        ? [`${path}: ${name} has ${length} lines`]
        : [];
    });
  });
  expect(offenders).toEqual([]);
});

const withoutEnding = (path: string): string => path.replace(/\.(tsx?|js)$/, "");

/** Every file that a reachable file names: imported, or started by its path or its name (built, it ends in .js). */
const reachableFrom = (roots: readonly string[]): ReadonlySet<string> => {
  const byPath = new Map([...product, ...launchers, ...tests].map((path) => [withoutEnding(path), path]));
  const byName = Map.groupBy(byPath.values(), (path) => basename(withoutEnding(path)));
  const seen = new Set<string>();
  const waiting = roots.filter((path) => existsSync(join(root, path)));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    for (const [, named = ""] of textOf(path).matchAll(/["'`]([\w@./-]+\.(?:tsx?|js))["'`]/g)) {
      const bare = withoutEnding(named);
      const place = named.startsWith(".") ? normalize(join(dirname(path), bare)) : bare;
      const target = byPath.get(place.replace(/^dist\//, ""));
      if (target !== undefined) waiting.push(target);
      else if (!named.includes("/")) waiting.push(...(byName.get(bare) ?? []));
    }
  }
  return seen;
};

test("no file of the product is dead: the command reaches each", () => {
  const reachable = reachableFrom(["bin/distinsta.js", "src/main.ts", "tools/run.js", "tools/check.js"]);
  expect([...product, ...launchers].filter((path) => !reachable.has(path))).toEqual([]);
});

test("no helper of the tests is dead: some test reaches each", () => {
  // A program says how it is run, in package.json or in its own opening.
  const isProgram = (path: string) => {
    const built = `dist/${withoutEnding(path)}.js`;
    return textOf("package.json").includes(built) || textOf(path).split("*/")[0]?.includes(built) === true;
  };
  const roots = [
    ...tests.filter((path) => /\.test\.tsx?$/.test(path) || isProgram(path)),
    "vitest.config.ts",
  ];
  const reachable = reachableFrom(roots);
  expect(tests.filter((path) => !reachable.has(path))).toEqual([]);
});

test("time and chance come in from outside: only core/io asks the machine", () => {
  const pure = product.filter((path) => !path.startsWith("core/io/"));
  const asking =
    /\bDate\.now\b|\bMath\.random\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bhrtime\b|\brandomUUID\b/;
  expect(linesMatching(pure, asking)).toEqual([]);
});

test("a file opens by saying in plain sentences what it is", () => {
  const offenders = [...product, ...launchers, ...tests].filter((path) => {
    // The titles in a file of tests say what it is about.
    if (/\.test\.tsx?$/.test(path)) return false;
    return !textOf(path)
      .replace(/^#!.*\n/, "")
      .startsWith("/**");
  });
  expect(offenders).toEqual([]);
});

test("nothing is left for later, and nothing names the machine that it was written on", () => {
  const everything = [...product, ...launchers, ...tests, ...pages, "package.json", "config.toml"];
  // Written so that this file does not find itself.
  const marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"].map((mark) => `\\b${mark}\\b`);
  const places = ["wo" + "rk", "ro" + "ot", "ho" + "me"].map((place) => `["'\`(\\s]/${place}/`);
  expect(linesMatching(everything, new RegExp([...marks, ...places].join("|")))).toEqual([]);
});

test("docs/faults.md names every fault with its exit code, and no other", () => {
  const payloads =
    /^export interface FaultPayloads \{\n([\s\S]*?)^\}/m.exec(textOf("core/model/fault-payloads.ts"))?.[1] ??
    "";
  const codes = [...payloads.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, code]) => code ?? "");
  const documented = [...textOf("docs/faults.md").matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)];
  const rows = documented.map(([, code, exit]) => `${code} ${exit}`);
  const wanted = codes.map((code) => `${code} ${exitCodeOf({ kind: "fault", code } as Fault)}`);
  expect(wanted.length).toBeGreaterThan(0);
  expect(rows.toSorted()).toEqual(wanted.toSorted());
});

test("links between the pages lead somewhere", () => {
  const offenders = pages.flatMap((path) =>
    [...textOf(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)].flatMap(([, target]) =>
      existsSync(join(root, dirname(path), target ?? "")) ? [] : [`${path} links to ${target}`],
    ),
  );
  expect(offenders).toEqual([]);
});
