/**
 * The options that every command has, and what follows from them.
 */
import type { ClusterConfig } from "../core/model/config.ts";
import { FaultError, fault, type Result } from "../core/model/faults.ts";
import { type NodeId, parseNodeId, parseUserName, type UserName } from "../core/model/ids.ts";
import { nameConfig } from "./output.ts";

/** As commander gives them; a command's own options are beside these. */
export interface Settings {
  readonly config?: string;
  readonly data: string;
  readonly json?: boolean;
  /** False with `--no-color`. */
  readonly color: boolean;
  readonly headless?: boolean;
  readonly nodes?: string;
  readonly basePort?: string;
  readonly user?: string;
  readonly request?: string;
  readonly acceptLoss?: boolean;
  readonly watch?: boolean;
  readonly readOnly?: boolean;
  readonly mouse?: boolean;
  readonly screenReader?: boolean;
}

/** Whether there is a terminal to draw on and to type at. */
export const onTerminal = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true;

/** The value, or the fault thrown on to `main`. */
export const must = <Value>(result: Result<Value>): Value => {
  if (!result.ok) throw new FaultError(result.fault);
  return result.value;
};

export interface Located {
  readonly path: string;
  readonly config: ClusterConfig;
}

/** `--config`, else `<data>/config.toml`, else `./config.toml`. Throws FaultError. */
export const configOf = async (settings: Settings): Promise<Located> => {
  const { findConfig, loadConfig } = await import("../core/io/config-file.ts");
  const { data, config } = settings;
  const path = await findConfig(config === undefined ? { data } : { data, config });
  nameConfig(path);
  return { path, config: must(await loadConfig(path)) };
};

export const nodeIdOf = (word: string): NodeId => {
  const id = parseNodeId(Number(word));
  if (id !== null) return id;
  const hint = "give the number of a node in config.toml: distinsta server 1";
  throw new FaultError(fault("USAGE", { message: `'${word}' is not a node id`, hint }));
};

export const userOf = (word: string): UserName => {
  const name = parseUserName(word);
  if (name !== null) return name;
  const hint = "a name has 1 to 32 of a-z 0-9 . _ - and begins with a letter or digit";
  throw new FaultError(fault("USAGE", { message: `'${word}' is not a user name`, hint }));
};

/** A whole number within bounds, for an option. */
export const numberOf = (option: string, word: string, min: number, max: number): number => {
  const value = /^\d{1,9}$/.test(word) ? Number(word) : Number.NaN;
  if (value >= min && value <= max) return value;
  const hint = `give a whole number from ${min} to ${max}`;
  throw new FaultError(fault("USAGE", { message: `${option} is '${word}'`, hint }));
};
