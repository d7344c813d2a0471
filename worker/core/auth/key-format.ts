/**
 * How API keys are written: `pm_<env>_<33 random characters>_<6 check characters>`, base62. The random part holds 192 bits. The check
 * characters are a CRC-32 of what stands before them: a typo or a made-up key is refused without looking anything up, and secret
 * scanners can tell a real key from noise. They protect nothing.
 */
import { fail, ok, type Result } from '../../../shared/result.ts';

export interface ApiKey {
  /** What the client sends. Never stored, never logged. */
  readonly token: string;
  readonly env: string;
  /** The first 8 random characters: enough to recognise a key in a list, 144 bits away from knowing it. */
  readonly prefix: string;
}

export const keyRandomBytes = 24;
const randomChars = 33;
const checkChars = 6;
const prefixChars = 8;
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const keyPattern = /^pm_([a-z]{2,12})_([0-9A-Za-z]{33})_([0-9A-Za-z]{6})$/;

/** Writes a new key from 24 random bytes. `env` is 2 to 12 lower-case letters, such as `live`. */
export function formatKey(env: string, randomBytes: Uint8Array): Result<ApiKey, 'bad_env' | 'wrong_byte_count'> {
  if (!/^[a-z]{2,12}$/.test(env)) return fail('bad_env');
  if (randomBytes.length !== keyRandomBytes) return fail('wrong_byte_count');
  let value = 0n;
  for (const byte of randomBytes) value = value * 256n + BigInt(byte);
  const random = base62(value, randomChars);
  const body = `pm_${env}_${random}`;
  return ok({ token: `${body}_${checksum(body)}`, env, prefix: random.slice(0, prefixChars) });
}

/** Reads a key; `null` when it is not written like one or its check characters are wrong. */
export function parseKey(token: string): ApiKey | null {
  const [, env, random, check] = keyPattern.exec(token) ?? [];
  if (env === undefined || random === undefined || check !== checksum(`pm_${env}_${random}`)) return null;
  return { token, env, prefix: random.slice(0, prefixChars) };
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), checkChars);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; text.length < length; rest /= 62n) text = alphabet.charAt(Number(rest % 62n)) + text;
  return text;
}

/** CRC-32 (IEEE 802.3) of ASCII text, bit by bit: 45 characters do not need a table. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index += 1) {
    crc ^= text.charCodeAt(index);
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
