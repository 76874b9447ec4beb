/**
 * Three functions that @peculiar/x509 expects to find on `Reflect`.
 *
 * It registers its algorithms through a small container (tsyringe), which keeps notes about classes by the
 * "metadata reflection" proposal that never became part of JavaScript. What it needs of it is a table: notes
 * by class and key, looked up along the chain of prototypes. Imported before @peculiar/x509, for effect; if
 * something else brought these functions, theirs stay.
 */
const notes = new WeakMap<object, Map<unknown, unknown>>();

const getOwnMetadata = (key: unknown, target: object): unknown => notes.get(target)?.get(key);

const getMetadata = (key: unknown, target: object): unknown => {
  for (let at: object | null = target; at !== null; at = Object.getPrototypeOf(at)) {
    const value = getOwnMetadata(key, at);
    if (value !== undefined) return value;
  }
  return undefined;
};

const defineMetadata = (key: unknown, value: unknown, target: object): void => {
  const own = notes.get(target) ?? new Map<unknown, unknown>();
  notes.set(target, own.set(key, value));
};

if (!("getMetadata" in Reflect)) Object.assign(Reflect, { getOwnMetadata, getMetadata, defineMetadata });
