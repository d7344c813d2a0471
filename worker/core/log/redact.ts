/**
 * Removes what must never stand in a log: the deployment's own secrets by their value, others by the name of their field, tokens by their
 * shape, addresses in error texts.
 */
import { asItIs, type HideSecrets } from './known-secrets.ts';

const secretField = /authorization|api[_-]?key|private[_-]?key|secret|token$|passw|cookie|jwt|credential/i;
const credentials = /\b(?:Bearer|Basic)(?:\s|%20|\+)+[^\s"',]+/gi;
const ownKey = token(/pm_[A-Za-z0-9_]{8,}/);
const vendorKey = token(/sk-[A-Za-z0-9_-]{8,}/);
const jwt = token(/eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}/);
const address = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>]+/gi;

const maxText = 1000;
const maxDepth = 6;
const maxEntries = 100;

/** Not within a word ("rpm_limit"); after the %20 of a URL a new word begins. */
function token(shape: RegExp): RegExp {
  return new RegExp(String.raw`(?:\b|(?<=%[0-9A-Fa-f]{2}))${shape.source}`, 'g');
}

/** A copy of `fields` that is safe to write. Long texts are cut at 1,000 characters, nesting at 6 levels, everything at 100 entries. */
export function redact(fields: Readonly<Record<string, unknown>>, hideSecrets: HideSecrets = asItIs): Record<string, unknown> {
  return redactObject(fields, hideSecrets, 0);
}

function redactObject(fields: object, hide: HideSecrets, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .slice(0, maxEntries)
      .map(([name, value]) => {
        const isSecret = secretField.test(name) && typeof value !== 'number';
        return [redactText(name, hide), isSecret ? '[redacted]' : redactValue(value, hide, depth)];
      }),
  );
}

function redactValue(value: unknown, hide: HideSecrets, depth: number): unknown {
  if (typeof value === 'string') return redactText(value, hide);
  if (value instanceof Error) return redactError(value, hide, depth);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (depth >= maxDepth) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, maxEntries).map((item) => redactValue(item, hide, depth + 1));
  return redactObject(value, hide, depth + 1);
}

function redactError(error: Error, hide: HideSecrets, depth: number): Record<string, unknown> {
  const cause = error.cause === undefined || depth >= maxDepth ? {} : { cause: redactValue(error.cause, hide, depth + 1) };
  return { name: error.name, message: redactText(error.message, hide), ...cause };
}

/** A text with tokens and addresses taken out. */
export function redactText(text: string, hideSecrets: HideSecrets = asItIs): string {
  // Before anything is cut: a truncated secret would no longer be recognised.
  return withoutTokens(hideSecrets(text).slice(0, maxText)).replace(address, '[address]');
}

/** A text that is to be kept whole but for the secrets in it: addresses stay. */
export function withoutSecrets(text: string, hideSecrets: HideSecrets = asItIs): string {
  return withoutTokens(hideSecrets(text));
}

function withoutTokens(text: string): string {
  return text.replace(credentials, '[redacted]').replace(ownKey, '[key]').replace(vendorKey, '[key]').replace(jwt, '[token]');
}
