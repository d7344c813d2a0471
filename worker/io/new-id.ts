/** Ids of requests that bring none of their own. */

/** 122 random bits as 32 hexadecimal digits. */
export function newId(): string {
  return crypto.randomUUID().replaceAll('-', '');
}
