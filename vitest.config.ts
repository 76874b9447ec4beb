/**
 * Tests run from the sources, each file in a process of its own: two at a time, as most machines that run
 * them have two cores and some tests start whole clusters. Vitest sets NODE_ENV to "test"; a test that starts
 * the program for real gives it "production" (React is slower without).
 */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts", "test/**/*.test.tsx"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", "./test/support/closing-line-reporter.ts"],
  },
});
