/**
 * Headers of every answer: a browser must not store, sniff, frame or run it. Answers are data; a page that needs another policy sets its
 * own.
 */

const always = [
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['strict-transport-security', 'max-age=31536000; includeSubDomains'],
] as const;

const byDefault = [
  ['cache-control', 'no-store'],
  ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
  ['x-frame-options', 'DENY'],
] as const;

export function setSecureHeaders(headers: Headers): void {
  for (const [name, value] of always) headers.set(name, value);
  for (const [name, value] of byDefault) if (!headers.has(name)) headers.set(name, value);
}
