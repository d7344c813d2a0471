/** 64 bits of FNV-1a over texts: enough to tell things apart, for nobody to trust. */
import { fnvStart, fnvStep } from './fnv.ts';

export type TextHash = readonly [low: number, high: number];

export const emptyHash: TextHash = [fnvStart >>> 0, 0xcbf29ce4];
/** Between two texts; in none of them, as good as. */
const separator = 0x1f;

export function addText([startLow, startHigh]: TextHash, text: string): TextHash {
  let low = startLow;
  let high = startHigh;
  for (let i = 0; i <= text.length; i += 1) {
    const unit = i === text.length ? separator : text.charCodeAt(i);
    low = fnvStep(low, unit) >>> 0;
    high = Math.imul(high ^ (unit + (low >>> 24)), 0x01000197) >>> 0;
  }
  return [low, high];
}

/** 14 characters. */
export function hashName([low, high]: TextHash): string {
  return high.toString(36).padStart(7, '0') + low.toString(36).padStart(7, '0');
}
