/** Remembers what was worked out of long texts that come again and again, such as system prompts: the same text gives the same value. */

export interface Remembering {
  /** A shorter text costs less to work out than to look up, a longer one too much room. */
  readonly leastChars?: number;
  readonly mostChars?: number;
}

/** The older half goes when there are so many. */
const mostTexts = 100;

export function rememberedByText<Value extends object>(
  work: (text: string) => Value,
  { leastChars = 256, mostChars = 32_768 }: Remembering = {},
): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    if (text.length < leastChars || text.length > mostChars) return work(text);
    const before = known.get(text);
    if (before !== undefined) return before;
    const value = work(text);
    if (known.size >= mostTexts) for (const old of [...known.keys()].slice(0, mostTexts / 2)) known.delete(old);
    known.set(text, value);
    return value;
  };
}

/** The same for what was itself remembered: as long as that is there, what was worked out of it is, too. */
export function rememberedByObject<From extends object, Value>(work: (from: From) => Value): (from: From) => Value {
  const known = new WeakMap<From, Value>();
  return (from) => {
    const before = known.get(from);
    if (before !== undefined) return before;
    const value = work(from);
    known.set(from, value);
    return value;
  };
}
