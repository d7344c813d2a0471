/** The blend of the heads before it is fitted, and trained models as the Worker holds them. */
import { unpackWeights, type Blend, type LearnedWeights } from '../../worker/core/classify/learned/weights.ts';
import type { OutcomeModel } from './fit-outcomes.ts';
import type { HeadsModel } from './fit-tier.ts';
import { packWeights } from './pack.ts';

/** The blend before its offset and temperatures are fitted; chosen by hand on the development data, see README.md. */
export const baseBlend: Blend = {
  offset: 0,
  gainShare: { code: 0.95, choice: 0.95, formula: 0.95, problem: 0.95, prose: 0.5 },
  ramp: 0.03,
  gainCenter: 0.15,
  gainScale: 0.08,
  scale: 3,
  tierTemperature: 1,
  intentTemperature: 1,
};

const noMetadata = { date: '', dataSha256: '', seed: 0, rows: {}, scores: {} };

/** Weights as they would be committed: packed and unpacked, so that scores include what rounding costs. */
export function assemble(tier: HeadsModel, outcome: OutcomeModel, blend: Blend): LearnedWeights {
  return unpackWeights(packWeights(tier, outcome, blend, noMetadata));
}
