/** How a head that may decide scores a request. */
import type { LearnFeatures } from './features.ts';
import { type Head, predict } from './model.ts';

/** A head that decides, and which training it is from. */
export interface ActiveHead {
  readonly version: number;
  readonly head: Head;
}

export interface Adapted {
  readonly version: number;
  /** By how much the large model's answer is expected to be better, in grades from 0 to 1. */
  readonly gain: number;
  /** Log-odds scale; above 0 speaks for the large model. */
  readonly logit: number;
}

export function readAdapted(features: LearnFeatures, { version, head }: ActiveHead): Adapted {
  const gain = predict(head.model, features);
  return { version, gain, logit: (gain - head.cut) / head.spread };
}
