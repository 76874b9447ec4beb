/**
 * How much of a node's memory young objects may take, in megabytes for each of V8's two halves. By itself V8 doubles them
 * to 16 under load and never gives them back; a node has few objects that live for long, and half of that costs it no
 * speed (docs/benchmarks.md, "Memory"). docs/distinsta@.service says the same.
 */
const youngMegabytes = 8;

/** For the process of a node, before its program. */
export const nodeFlags: readonly string[] = [`--max-semi-space-size=${youngMegabytes}`];
