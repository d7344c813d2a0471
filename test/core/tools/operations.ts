/**
 * Counts what string work costs, in characters looked at: the built-in functions that the machine reads text with are wrapped while a
 * function runs. So linear work can be asserted without a clock and without a counter in the product.
 */

type Counted = (this: unknown, ...args: unknown[]) => unknown;

const stringMethods = ['charAt', 'charCodeAt', 'slice', 'startsWith', 'endsWith', 'includes', 'indexOf', 'trim', 'trimStart', 'replace', 'replaceAll'] as const;

/** Characters that `work` looked at or copied. */
export function countOperations(work: () => void): number {
  let count = 0;
  const restore: (() => void)[] = [];
  const wrap = (owner: object, name: string, costOf: (self: unknown, args: unknown[], result: unknown) => number): void => {
    const original = Reflect.get(owner, name) as Counted;
    const wrapped: Counted = function (...args) {
      const result = Reflect.apply(original, this, args);
      count += costOf(this, args, result);
      return result;
    };
    Reflect.set(owner, name, wrapped);
    restore.push(() => Reflect.set(owner, name, original));
  };
  for (const name of stringMethods) wrap(String.prototype, name, (self, args, result) => stringCost(name, String(self), args, result));
  wrap(RegExp.prototype, 'exec', (self, args, result) => searchCost(self as RegExp, String(args[0]), result as RegExpExecArray | null));
  wrap(RegExp.prototype, 'test', (_self, args) => String(args[0]).length);
  wrap(JSON, 'parse', (_self, args) => String(args[0]).length);
  wrap(JSON, 'stringify', (_self, _args, result) => String(result).length);
  try {
    work();
  } finally {
    for (const undo of restore.reverse()) undo();
  }
  return count;
}

function stringCost(name: (typeof stringMethods)[number], self: string, args: unknown[], result: unknown): number {
  if (name === 'charAt' || name === 'charCodeAt') return 1;
  if (name === 'slice') return 1 + String(result).length;
  if (name === 'startsWith' || name === 'endsWith') return 1 + String(args[0]).length;
  return 1 + self.length;
}

/** A search from `lastIndex` looks at everything up to the match, or to the end. `lastIndex` is 0 again when nothing was found. */
let searchFrom = 0;
function searchCost(pattern: RegExp, text: string, result: RegExpExecArray | null): number {
  if (!pattern.global) return text.length;
  if (result === null) return 1 + text.length - Math.min(searchFrom, text.length);
  const cost = 1 + pattern.lastIndex - searchFrom;
  searchFrom = pattern.lastIndex;
  return Math.max(1, cost);
}
