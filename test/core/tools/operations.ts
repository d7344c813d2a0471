/**
 * Counts what string work costs, in characters looked at or copied: the built-in functions that the machine reads text with are
 * wrapped while some work is done. So linear work can be asserted without a clock, and without a counter in the product.
 */

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** `before` is the `lastIndex` of a regular expression ahead of the call. */
type Cost = (self: unknown, args: readonly unknown[], result: unknown, before: number) => number;

const ofLength = (text: unknown): number => 1 + String(text).length;

const stringCosts: Readonly<Record<string, Cost>> = {
  charAt: () => 1,
  charCodeAt: () => 1,
  slice: (_self, _args, result) => ofLength(result),
  startsWith: (_self, args) => ofLength(args[0]),
  endsWith: (_self, args) => ofLength(args[0]),
  includes: (self) => ofLength(self),
  indexOf: (self) => ofLength(self),
  trim: (self) => ofLength(self),
  trimStart: (self) => ofLength(self),
  replace: (self) => ofLength(self),
  replaceAll: (self) => ofLength(self),
};

const patternCosts: Readonly<Record<string, Cost>> = {
  exec: (self, args, result, before) => {
    const end = result === null ? String(args[0]).length : (self as RegExp).lastIndex;
    return 1 + Math.max(0, end - before);
  },
  test: (_self, args) => ofLength(args[0]),
};

const jsonCosts: Readonly<Record<string, Cost>> = {
  parse: (_self, args) => ofLength(args[0]),
  stringify: (_self, _args, result) => ofLength(result),
};

export function countOperations(work: () => void): number {
  let count = 0;
  const undo: (() => void)[] = [];
  const wrap = (owner: object, costs: Readonly<Record<string, Cost>>): void => {
    for (const [name, costOf] of Object.entries(costs)) {
      const original = Reflect.get(owner, name) as Method;
      const wrapped: Method = function (...args) {
        const before = this instanceof RegExp ? this.lastIndex : 0;
        const result = Reflect.apply(original, this, args);
        count += costOf(this, args, result, before);
        return result;
      };
      Reflect.set(owner, name, wrapped);
      undo.push(() => Reflect.set(owner, name, original));
    }
  };
  wrap(String.prototype, stringCosts);
  wrap(RegExp.prototype, patternCosts);
  wrap(JSON, jsonCosts);
  try {
    work();
  } finally {
    for (const step of undo.toReversed()) step();
  }
  return count;
}
