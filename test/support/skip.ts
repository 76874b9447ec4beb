/**
 * What some tests need and not every machine has. `needs` gives the reason for which a test must be skipped,
 * or null when all is there:
 *
 *     const reason = needs("root", "nft");
 *     test.skipIf(reason !== null)(`a cut network heals${because(reason)}`, …)
 *
 * Where skips are forbidden (`DISTINSTA_FORBID_SKIPS=1`, set by `.ci/run`, which installs the packages) the
 * lack of something is an error at once.
 */
import { spawnSync } from "node:child_process";
import process from "node:process";

/** Programs that tests call, with the Debian package that brings each. `.ci/run` installs these packages. */
export const packageOf = {
  age: "age",
  "age-keygen": "age",
  faketime: "faketime",
  ip: "iproute2",
  nft: "nftables",
  openssl: "openssl",
} as const;

export type Need = "root" | "linux" | "namespaces" | keyof typeof packageOf;

const runs = (command: string, ...programArguments: string[]): boolean =>
  spawnSync(command, programArguments, { stdio: "ignore" }).status === 0;

/** Why `need` is not met here, or null. */
const lackOf = (need: Need): string | null => {
  switch (need) {
    case "linux":
      return process.platform === "linux" ? null : "needs Linux";
    case "root":
      return process.getuid?.() === 0 ? null : "needs root";
    case "namespaces":
      return runs("unshare", "--net", "--mount", "true") ? null : "needs network and mount namespaces";
    case "age":
    case "age-keygen":
    case "faketime":
    case "ip":
    case "nft":
    case "openssl":
      return runs("sh", "-c", `command -v ${need}`)
        ? null
        : `needs ${need} (Debian package ${packageOf[need]})`;
  }
};

/**
 * The reason to skip, or null when everything needed is here.
 * @throws Error with that reason where skips are forbidden
 */
export const needs = (...all: readonly Need[]): string | null => {
  const lacks = all.map(lackOf).filter((lack) => lack !== null);
  if (lacks.length === 0) return null;
  const reason = lacks.join(", ");
  if (process.env.DISTINSTA_FORBID_SKIPS === "1") {
    throw new Error(`this test may not be skipped here, but it ${reason}`);
  }
  return reason;
};

/** The reason as the end of a test's title: ` (skipped: needs root)`, or nothing. */
export const because = (reason: string | null): string => (reason === null ? "" : ` (skipped: ${reason})`);
