/** The reader's own token or key: asked for once and kept for this tab only, until it is closed or the reader signs out. */

/** Operators show a token to the dashboard; clients show a key to the other pages. */
export type Credential = 'admin' | 'key';

/** Behind Cloudflare Access the browser shows who it is by itself, and there is nothing to type. */
export const throughAccess = 'access';

const nameOf = (kind: Credential): string => `pointsman.${kind}`;

export function readCredential(kind: Credential): string | null {
  return sessionStorage.getItem(nameOf(kind));
}

/** @param value null forgets it */
export function keepCredential(kind: Credential, value: string | null): void {
  if (value === null) sessionStorage.removeItem(nameOf(kind));
  else sessionStorage.setItem(nameOf(kind), value);
}
