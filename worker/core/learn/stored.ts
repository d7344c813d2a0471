/** A request's features as they are kept: bytes of hashes and numbers. No word of the request can be read from them. */
import { fnvOf } from '../text/fnv.ts';
import { denseNames, gramBits, type LearnFeatures } from '../classify/adaptive/features.ts';
import type { RidgeModel } from '../classify/adaptive/model.ts';

/** What was kept under another list of features is of no use any more. */
const layout = fnvOf(`${gramBits} ${denseNames.join(' ')}`);
const width = denseNames.length;
const headBytes = 6;

export function encodeFeatures({ dense, grams, words }: LearnFeatures): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(headBytes + 4 * width + 2 * grams.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, layout);
  view.setUint16(4, words);
  dense.forEach((value, at) => view.setFloat32(headBytes + 4 * at, value));
  grams.forEach((gram, at) => view.setUint16(headBytes + 4 * width + 2 * at, gram));
  return bytes;
}

/** Null for bytes of another layout, and for a number that is none: one such row would make every weight of a training one. */
export function decodeFeatures(bytes: Uint8Array): LearnFeatures | null {
  const gramCount = (bytes.byteLength - headBytes - 4 * width) / 2;
  if (gramCount < 0 || !Number.isInteger(gramCount)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== layout) return null;
  const dense = Float32Array.from({ length: width }, (_, at) => view.getFloat32(headBytes + 4 * at));
  if (!dense.every(Number.isFinite)) return null;
  const grams = Uint16Array.from({ length: gramCount }, (_, at) => view.getUint16(headBytes + 4 * width + 2 * at));
  return { dense, grams, words: Math.min(view.getUint16(4), gramCount) };
}

export function encodeModel({ intercept, mean, inverseDeviation, dense, grams }: RidgeModel): Uint8Array<ArrayBuffer> {
  const numbers = Float32Array.of(intercept, ...mean, ...inverseDeviation, ...dense, ...grams);
  const bytes = new Uint8Array(4 + 4 * numbers.length);
  new DataView(bytes.buffer).setUint32(0, layout);
  bytes.set(new Uint8Array(numbers.buffer), 4);
  return bytes;
}

/** Null for bytes of another layout, and for a model that could not score: the shipped router decides then. */
export function decodeModel(bytes: Uint8Array): RidgeModel | null {
  const size = 1 + 3 * width + 2 ** gramBits;
  if (bytes.byteLength !== 4 + 4 * size) return null;
  if (new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) !== layout) return null;
  const numbers = new Float32Array(bytes.slice(4).buffer);
  if (!numbers.every(Number.isFinite)) return null;
  const part = (from: number, length: number): Float32Array => numbers.slice(from, from + length);
  return {
    intercept: numbers[0] ?? 0,
    mean: part(1, width),
    inverseDeviation: part(1 + width, width),
    dense: part(1 + 2 * width, width),
    grams: part(1 + 3 * width, 2 ** gramBits),
  };
}
