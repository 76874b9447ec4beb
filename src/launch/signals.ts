/** Being asked to stop: by ^C, by an init system, by a terminal that closes. */

export const stopAsked = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
  });
