/** A vector as its server wrote it, and as its client wants it. Nothing is rounded, and nothing is written anew that need not be. */
import type { VectorEncoding } from '../request/pooling-task.ts';

const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const numbers = new RegExp(String.raw`^\[\s*${number}(?:\s*,\s*${number})*\s*\]$`);
const base64 = /^"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"$/;

/** The number of its values; null for a text that is no vector, such as one with NaN or null in it. */
export function vectorLength(raw: string): number | null {
  if (raw.startsWith('"')) return base64.test(raw) ? wholeFloats(base64Bytes(raw)) : null;
  if (!numbers.test(raw)) return null;
  let commas = 0;
  for (let at = raw.indexOf(','); at !== -1; at = raw.indexOf(',', at + 1)) commas += 1;
  return commas + 1;
}

function base64Bytes(raw: string): number {
  const padding = raw.endsWith('=="') ? 2 : raw.endsWith('="') ? 1 : 0;
  return ((raw.length - 2) / 4) * 3 - padding;
}

function wholeFloats(bytes: number): number | null {
  return bytes > 0 && bytes % 4 === 0 ? bytes / 4 : null;
}

/** The vector in this encoding; as it came where it is in it already. @param raw of a length that is not null */
export function encodedAs(raw: string, encoding: VectorEncoding): string {
  const isBase64 = raw.startsWith('"');
  if (isBase64 === (encoding === 'base64')) return raw;
  const floats = floatsOf(raw);
  return isBase64 ? `[${Array.from(floats, written).join(',')}]` : `"${toBase64(floats)}"`;
}

/** The shortest digits that mean this number; `String` has none for the sign of zero. */
function written(value: number): string {
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** @param raw of a length that is not null */
export function floatsOf(raw: string): Float32Array {
  if (!raw.startsWith('"')) {
    const values: number[] = JSON.parse(raw);
    return Float32Array.from(values);
  }
  const text = atob(raw.slice(1, -1));
  const view = new DataView(new ArrayBuffer(text.length));
  for (let i = 0; i < text.length; i += 1) view.setUint8(i, text.charCodeAt(i));
  return Float32Array.from({ length: text.length / 4 }, (_, i) => view.getFloat32(i * 4, true));
}

function toBase64(floats: Float32Array): string {
  const view = new DataView(new ArrayBuffer(floats.length * 4));
  floats.forEach((value, i) => view.setFloat32(i * 4, value, true));
  let text = '';
  for (let i = 0; i < view.byteLength; i += 1) text += String.fromCharCode(view.getUint8(i));
  return btoa(text);
}
