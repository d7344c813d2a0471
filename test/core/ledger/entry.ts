/** Ledger entries for tests: a plain one to vary, and arbitrary ones with consistent sums. */
import fc from 'fast-check';
import { errors, type ErrorCode } from '../../../shared/errors.ts';
import {
  cacheLevelIds,
  cacheStateIds,
  endingIds,
  intentBandIds,
  type AttemptUsage,
  type LedgerEntry,
} from '../../../shared/records.ts';

export const plainAttempt: AttemptUsage = {
  model: 'small-model',
  usage: { promptTokens: 10, completionTokens: 5, cachedTokens: 2, reasoningTokens: null, isEstimated: false },
  costNanoUsd: 1500,
  isPartOfAnswer: true,
};

export const plainEntry: LedgerEntry = {
  requestId: 'r-1',
  atMs: 1_000_000,
  keyId: 'key-1',
  tenantId: 'key-1',
  primaryModel: 'small-model',
  rule: 'complexity',
  classificationMs: 0,
  intentBand: 'high',
  errorType: null,
  fallback: null,
  agent: null,
  session: null,
  requestedModel: 'auto',
  routedModel: 'small-model',
  servedModel: 'small-model',
  tier: 'small',
  intent: 'general',
  strategy: 'cost',
  reason: 'complexity 0.10 is below 0.60',
  isForced: false,
  ending: 'ok',
  errorCode: null,
  isStream: false,
  attempts: 1,
  fallbackUsed: false,
  escalated: false,
  judged: null,
  scored: { version: 'hybrid-1', score: 0.1 },
  rescued: false,
  arm: null,
  toolCalls: { valid: 0, repaired: 0, invalid: 0, unchecked: 0 },
  cache: 'miss',
  cacheLevel: null,
  cacheSavedNanoUsd: 0,
  latencyMs: 120,
  firstByteMs: 40,
  attemptUsages: [plainAttempt],
  costNanoUsd: 1500,
  allLargeCostNanoUsd: 12_000,
  allSmallCostNanoUsd: 1500,
  isEstimated: false,
  trace: null,
};

const modelName = fc.constantFrom('small-model', 'large-model', 'vision-model');
const count = fc.nat(5000);

const attemptUsage = fc.record({
  model: modelName,
  usage: fc.record({
    promptTokens: count,
    completionTokens: count,
    cachedTokens: fc.option(count),
    reasoningTokens: fc.option(count),
    isEstimated: fc.boolean(),
  }),
  costNanoUsd: fc.nat(1_000_000),
  gpuMs: fc.nat(10_000),
  gpuNanoUsd: fc.nat(1_000_000),
  isPartOfAnswer: fc.boolean(),
});

/** `agent` decides how many names occur. */
export const entryArbitrary = (agent: fc.Arbitrary<string | null>): fc.Arbitrary<LedgerEntry> =>
  fc
    .record({
      requestId: fc.uuid(),
      atMs: fc.nat(1e9),
      keyId: fc.constantFrom('key-1', 'key-2', 'key-3'),
      tenantId: fc.constantFrom('key-1', 'key-2'),
      primaryModel: fc.option(modelName),
      rule: fc.option(fc.constantFrom('complexity', 'tier')),
      classificationMs: fc.nat(5),
      intentBand: fc.option(fc.constantFrom(...intentBandIds)),
      errorType: fc.option(fc.constantFrom('server_error', 'rate_limit_error')),
      fallback: fc.option(fc.record({ from: modelName, to: modelName })),
      agent,
      session: fc.constantFrom(null, 'talk-1', 'talk-2'),
      requestedModel: fc.constant('auto'),
      routedModel: fc.option(modelName),
      servedModel: fc.option(modelName),
      tier: fc.constantFrom('small', 'large', 'vision', null),
      intent: fc.constantFrom('code', 'reasoning', 'general', null),
      strategy: fc.constantFrom('cost', 'latency', 'quality', null),
      reason: fc.constant('the small tier was asked for'),
      isForced: fc.boolean(),
      ending: fc.constantFrom(...endingIds),
      errorCode: fc.option(fc.constantFrom(...(Object.keys(errors) as ErrorCode[]))),
      isStream: fc.boolean(),
      attempts: fc.nat(3),
      fallbackUsed: fc.boolean(),
      escalated: fc.boolean(),
      judged: fc.option(fc.record({ model: modelName, isEscalated: fc.boolean() })),
      scored: fc.option(
        fc.record({ version: fc.constantFrom('hybrid-1', 'hybrid-2'), score: fc.double({ min: 0, max: 1, noNaN: true }) }),
      ),
      rescued: fc.boolean(),
      arm: fc.option(fc.constantFrom('split:a', 'split:b')),
      toolCalls: fc.record({ valid: fc.nat(3), repaired: fc.nat(3), invalid: fc.nat(3), unchecked: fc.nat(3) }),
      cache: fc.constantFrom(...cacheStateIds),
      cacheLevel: fc.constantFrom(null, ...cacheLevelIds),
      cacheSavedNanoUsd: fc.nat(1_000_000),
      latencyMs: fc.nat(400_000),
      firstByteMs: fc.option(fc.nat(400_000)),
      attemptUsages: fc.array(attemptUsage, { maxLength: 3 }),
      allLargeCostNanoUsd: fc.nat(10_000_000),
      allSmallCostNanoUsd: fc.nat(10_000_000),
    })
    .map((entry) => ({
      ...entry,
      costNanoUsd: entry.attemptUsages.reduce((sum, { costNanoUsd }) => sum + costNanoUsd, 0),
      trace: null,
      isEstimated: entry.attemptUsages.some(({ usage }) => usage.isEstimated),
    }));
