/** Removes what must never stand in a log: secrets by the name of their field, tokens by their shape, addresses in error texts. */

const secretField = /authorization|api[_-]?key|private[_-]?key|secret|token$|passw|cookie|jwt|credential/i;
const credentials = /\b(?:Bearer|Basic)\s+[^\s"',]+/gi;
const ownKey = /\bpm_[A-Za-z0-9_]{8,}/g;
const vendorKey = /\bsk-[A-Za-z0-9_-]{8,}/g;
const jwt = /\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}/g;
const address = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>]+/gi;

const maxText = 1000;
const maxDepth = 6;
const maxEntries = 100;

/** A copy of `fields` that is safe to write. Long texts are cut at 1,000 characters, nesting at 6 levels, everything at 100 entries. */
export function redact(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redactObject(fields, 0);
}

function redactObject(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .slice(0, maxEntries)
      .map(([name, value]) => {
        const isSecret = secretField.test(name) && typeof value !== 'number';
        return [redactText(name), isSecret ? '[redacted]' : redactValue(value, depth)];
      }),
  );
}

function redactValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return redactText(value);
  if (value instanceof Error) return redactError(value, depth);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (depth >= maxDepth) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((item) => redactValue(item, depth + 1));
  return redactObject(value, depth + 1);
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const cause = error.cause === undefined || depth >= maxDepth ? {} : { cause: redactValue(error.cause, depth + 1) };
  return { name: error.name, message: redactText(error.message), ...cause };
}

/** A text with tokens and addresses taken out. */
export function redactText(text: string): string {
  return text
    .slice(0, maxText)
    .replace(credentials, '[redacted]')
    .replace(ownKey, '[key]')
    .replace(vendorKey, '[key]')
    .replace(jwt, '[token]')
    .replace(address, '[address]');
}
