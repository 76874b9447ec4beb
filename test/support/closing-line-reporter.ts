/**
 * The last line of a test run: `12 passed, 0 failed`, alone on its line, for people and for machines.
 *
 * What fails without being a test (a file that does not load, a stray rejection) counts as a failure too. A
 * run of no tests is a failed run. Where skips are forbidden (`DISTINSTA_FORBID_SKIPS=1`, in CI) each skipped
 * test is named and counts as failed, so that "all green" cannot mean "nothing was tried".
 */
import process from "node:process";
import type { SerializedError } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], strayErrors: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: "passed" | "failed" | "skipped") =>
      tests.filter((test) => test.result().state === state);
    const forbidden = process.env.DISTINSTA_FORBID_SKIPS === "1" ? inState("skipped") : [];
    const passed = inState("passed").length;
    const failed =
      inState("failed").length +
      modules.filter((module) => module.errors().length > 0).length +
      strayErrors.length +
      forbidden.length;

    // Other reporters still have their summary to print; nothing comes after the exit handler.
    process.on("exit", () => {
      for (const test of forbidden) {
        process.stdout.write(
          `skipped, but skips are forbidden here: ${test.module.moduleId} > ${test.fullName}\n`,
        );
      }
      process.stdout.write(`${passed} passed, ${failed} failed\n`);
      if (failed > 0 || passed === 0) process.exitCode ||= 1;
    });
  }
}
