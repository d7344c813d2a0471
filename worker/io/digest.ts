/** SHA-256 of secrets, and their comparison in constant time. Secrets of different length differ in no observable way: both are hashed. */

const encoder = new TextEncoder();

export async function sha256Hex(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))));
}

/** The first 32 of the 64 digits: enough to tell things apart. */
export async function shortSha256Hex(text: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)), 0, 16));
}

/** Compares two secrets by their digests; `timingSafeEqual` throws on different lengths, digests have one. */
export async function isSameSecret(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([
    crypto.subtle.digest('SHA-256', encoder.encode(a)),
    crypto.subtle.digest('SHA-256', encoder.encode(b)),
  ]);
  return crypto.subtle.timingSafeEqual(left, right);
}

/** In one piece: see `core/text/one-piece.ts`. */
function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byteToHex[byte]).join('');
}

const byteToHex: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
