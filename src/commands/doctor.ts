/** `distinsta doctor`: what can be wrong is tried, and what to type is said. */

import { diagnose } from "../../core/decide/doctor/diagnose.ts";
import type { Finding } from "../../core/decide/doctor/facts.ts";
import { bad } from "../../core/decide/doctor/findings.ts";
import { examine } from "../../core/io/doctor/examine.ts";
import { type ExitCode, FaultError, wordFault } from "../../core/model/faults.ts";
import { hanging } from "../hanging.ts";
import { outputColumns, printJson, printLine } from "../output.ts";
import { configOf, type Settings } from "../settings.ts";

/** 0 when all is well, 1 when anything is to be done. */
export const doctor = async (settings: Settings): Promise<ExitCode> => {
  const findings = await findingsOf(settings);
  for (const finding of findings) {
    if (settings.json === true) printJson(jsonOf(finding));
    else for (const line of linesOf(finding, outputColumns())) printLine(line);
  }
  return findings.every(({ level }) => level === "good") ? 0 : 1;
};

/** Without a configuration there is nothing else to look at. */
const findingsOf = async (settings: Settings): Promise<readonly Finding[]> => {
  try {
    const { path, config } = await configOf(settings);
    return diagnose(await examine({ data: settings.data, configPath: path, config }));
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    const { what, hint } = wordFault(error.fault);
    return [bad("configuration", what, hint)];
  }
};

const jsonOf = ({ check, level, message, hint }: Finding) => ({
  check,
  ok: level === "good",
  message,
  hint,
  level,
});

const signs: Readonly<Record<Finding["level"], string>> = { good: "✓", warning: "!", bad: "✗", unknown: "?" };
const checkWidth = "configuration".length;

/** A hint is one line, however long: it can be copied. */
const linesOf = ({ check, level, message, hint }: Finding, width: number): readonly string[] => [
  ...hanging(`${signs[level]} ${check.padEnd(checkWidth)}  ${message}`, checkWidth + 4, width),
  ...(hint === "" ? [] : [`  hint: ${hint}`]),
];
