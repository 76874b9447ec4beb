/**
 * Loads Ink with less of what it never uses.
 *
 * Ink takes one function from a library whose index loads four hundred files, which takes longer than everything else
 * in Ink. That one name is led to the file of that one function. Where this file is not, nothing is changed.
 */
import { existsSync } from "node:fs";
import { registerHooks } from "node:module";

const asked = "es-toolkit/compat";
const wanted = "../../es-toolkit/dist/compat/function/throttle.mjs";

/** Returns how to leave loading alone again. */
export const startLean = (): (() => void) => {
  const hooks = registerHooks({
    resolve: (specifier, context, next) => {
      const { parentURL } = context;
      if (specifier !== asked || parentURL?.endsWith("/ink/build/ink.js") !== true)
        return next(specifier, context);
      const url = new URL(wanted, parentURL);
      return next(existsSync(url) ? url.href : specifier, context);
    },
  });
  return () => hooks.deregister();
};
