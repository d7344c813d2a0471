/** The committed weights, unpacked at first use and kept: about a millisecond once per isolate, outside the start-up path. */
import { unpackWeights, type LearnedWeights } from '../learned/weights.ts';
import { packedWeights } from './packed.ts';

let loaded: LearnedWeights | null = null;

export function loadWeights(): LearnedWeights {
  loaded ??= unpackWeights(packedWeights);
  return loaded;
}
