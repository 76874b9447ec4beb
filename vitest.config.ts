/**
 * Tests run from the sources, each file in a process of its own: two at a time, as most machines that run
 * them have two cores. The end-to-end tests come last and one at a time: each starts whole clusters, which
 * should compete with nobody but themselves. Vitest sets NODE_ENV to "test"; a test that starts the program for
 * real gives it "production" (React is slower without).
 */
import { defineConfig } from "vitest/config";

const common = { pool: "forks", testTimeout: 60_000, hookTimeout: 60_000 } as const;

export default defineConfig({
  test: {
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
    projects: [
      {
        test: {
          ...common,
          name: "core",
          include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
          exclude: ["test/e2e/**"],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          maxWorkers: 1,
          testTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
