/** How answers are built, without what they say: to compare servers. */

/** Keys in order with the kinds of their values; equal neighbours in arrays count once. */
export function shape(value: unknown): string {
  if (Array.isArray(value)) return `[${collapse(value.map(shape)).join(',')}]`;
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return `{${Object.entries(value)
    .map(([key, member]) => `${key}:${key === 'finish_reason' ? String(member) : shape(member)}`)
    .join(',')}}`;
}

/** The shapes of a stream's events; a run of equal ones counts once. */
export function phases(payloads: readonly unknown[]): string[] {
  return collapse(payloads.map((payload) => (payload === '[DONE]' ? payload : shape(payload))));
}

function collapse(items: string[]): string[] {
  return items.filter((item, index) => item !== items[index - 1]);
}
