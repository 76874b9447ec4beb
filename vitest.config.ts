/**
 * Tests run from the sources, two files at a time, as most machines that run them have two cores. Vitest sets NODE_ENV
 * to "test"; a test that starts the program for real gives it "production" (React is slower without).
 *
 * Of one order files are taken project by project in the order of their names, and in a fresh clone the largest first.
 * A file of many seeds is small and takes long: so those come before all that is quick, which fills the end evenly.
 */
import { defineConfig } from "vitest/config";

const common = { pool: "forks", testTimeout: 60_000, hookTimeout: 60_000 } as const;

/** Decisions and values, which nothing that a test does can change for the next: a process serves many files. */
const pure = ["core/decide", "core/model", "core/wire", "ui/charts", "ui/model"].map(
  (room) => `test/${room}/**/*.test.ts`,
);
/** The same, and what takes time there is fast only in a process that has run for a while. */
const simulated = ["test/sim/**/*.test.ts"];

const wholeClusters = "test/e2e/**/*.test.ts";
/** These wait for what they are told and for nothing that a busy machine could break. */
const patient = [
  ...["console-client", "pipe", "processes", "prompt"],
  ...["share", "trash", "upload", "view"],
].map((name) => `test/e2e/${name}.test.ts`);

/** Not as `exclude`: that of a project would be heard instead of the one on the command line. */
const but = (patterns: readonly string[]): readonly string[] => patterns.map((pattern) => `!${pattern}`);

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
    projects: [
      {
        test: {
          ...common,
          name: "pure",
          include: pure,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "simulated",
          include: simulated,
          isolate: false,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "units",
          include: [
            "test/**/*.test.ts",
            "test/**/*.test.tsx",
            ...but([...pure, ...simulated, wholeClusters]),
          ],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "e2e, patient",
          include: patient,
          maxWorkers: 2,
          testTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Whole clusters under stress, which should compete with nobody but themselves.
        test: {
          ...common,
          name: "e2e",
          include: [wholeClusters, ...but(patient)],
          maxWorkers: 1,
          testTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
