/** Waiting for something to come true, which is all that a test should wait for. */

/** Waits until `look` gives something; the test's own time limit ends a vain wait. */
export const until = async <Value>(
  look: () => Value | Promise<Value>,
): Promise<Exclude<Value, false | null | undefined>> => {
  for (;;) {
    const seen = await look();
    if (seen !== false && seen !== null && seen !== undefined) {
      return seen as Exclude<Value, false | null | undefined>;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
