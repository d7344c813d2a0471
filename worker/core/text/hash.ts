/** 64 bits of FNV-1a over texts: enough to avoid accidental collisions, not secure. */
import { fnvStart, fnvStep } from './fnv.ts';

export type TextHash = readonly [low: number, high: number];

export const emptyHash: TextHash = [fnvStart >>> 0, 0xcbf29ce4];
/** Separates two texts; practically never part of one. */
const separator = 0x1f;

export function addText(start: TextHash, text: string): TextHash {
  let low = start[0];
  let high = start[1];
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    low = fnvStep(low, unit) >>> 0;
    high = Math.imul(high ^ (unit + (low >>> 24)), 0x01000197) >>> 0;
  }
  low = fnvStep(low, separator) >>> 0;
  return [low, Math.imul(high ^ (separator + (low >>> 24)), 0x01000197) >>> 0];
}

/** 14 characters. */
export function hashName([low, high]: TextHash): string {
  return high.toString(36).padStart(7, '0') + low.toString(36).padStart(7, '0');
}
