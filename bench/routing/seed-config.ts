/** The published original's classifier settings, for comparison: its 15 keywords, matched as substrings, and its curves. */
import type { RouterConfig } from './router-config.ts';

export const seedConfig: RouterConfig = {
  classifier: {
    mode: 'heuristic',
    curves: 'seed',
    threshold: 0.6,
    weights: { length: 0.2, keywords: 0.35, tools: 0.2, depth: 0.1, structured: 0.15 },
    abstain_band: 0,
    keywords: [
      'analyze',
      'compare',
      'explain in detail',
      'write code',
      'debug',
      'refactor',
      'multi-step',
      'implement',
      'design',
      'architect',
      'optimize',
      'evaluate',
      'critique',
      'step by step',
      'reasoning',
    ],
  },
  intent: { thresholds: { high: 0.7, medium: 0.4, low: 0.2 }, keywords: { code: [], reasoning: [] }, models: {} },
};
