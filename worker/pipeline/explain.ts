/** `POST /v1/route`: what would be done with a request, with everything the decision rests on, and without calling a model. */
import { type Failure } from '../../shared/errors.ts';
import { ok, type Result } from '../../shared/result.ts';
import { fourDigits } from '../../shared/units.ts';
import { modelOf } from '../../shared/config-prepare.ts';
import { plainJson } from '../core/doors/plain-json.ts';
import { ruleIds } from '../core/route/choose.ts';
import type { InnerRequest } from '../core/request/inner-request.ts';
import type { Strategy } from '../../shared/config.ts';
import type { Decided } from './decide.ts';
import { decide } from './decide.ts';
import type { Caller } from './run/asked.ts';
import type { PipelineDeps } from './run/deps.ts';

export async function explain(
  deps: PipelineDeps,
  caller: Caller,
  request: InnerRequest,
  ignored: readonly string[],
  wantedStrategy: Strategy | null,
): Promise<Result<Record<string, unknown>, Failure>> {
  const decided = await decide(deps, caller, request, wantedStrategy);
  if (!decided.ok) return decided;
  const { route, classification, reading } = decided.value;
  const { decision, plan, failure } = route;
  return ok({
    decision: {
      model_id: decision.modelId,
      model_name: decision.modelId === null ? null : modelOf(deps.config, decision.modelId).served_name,
      tier: decision.tier,
      intent: classification.intent,
      // Unrounded: what the threshold is compared with.
      score: classification.score,
      confidence: fourDigits(classification.intentConfidence),
      complexity: reading.complexity,
      reason: decision.reason,
      rule: decision.rule,
      strategy: decision.strategy,
      is_forced: decision.isForced,
      fallback_used: decision.modelId !== decision.primaryModelId,
      ...(failure === null ? {} : { error: failure.code }),
      ...(ignored.length > 0 ? { ignored } : {}),
    },
    plan: plan.candidates.map(({ modelId, upstreamId, reason }) => ({ model_id: modelId, upstream: upstreamId, reason })),
    explain: plainJson(explanation(deps, decided.value)),
  });
}

function explanation(
  deps: PipelineDeps,
  { view, classification, reading, route, arm, conversation }: Decided,
): Record<string, unknown> {
  const { strategy } = route.decision;
  const session = conversation?.memory ?? null;
  const { text: _text, ask, asked, beside: _beside, codeTokens: _codeTokens, previousAsk: _previous, reply, ...features } = view;
  return {
    mode: classification.mode,
    threshold: {
      configured: deps.config.routing.classifier.threshold,
      effective: reading.threshold,
      offsets: reading.offsets,
    },
    strategy: { name: strategy, ...deps.config.routing.strategies[strategy] },
    score: { value: classification.score, heuristic: classification.heuristicScore, learned: classification.learned },
    is_unsure: reading.isUnsure,
    tier_confidence: reading.confidence,
    signals: classification.signals,
    reasons: classification.reasons,
    intent: { value: classification.intent, confidence: classification.intentConfidence, level: classification.intentLevel },
    features: {
      ...features,
      answers: reply?.answered.map(({ what }) => what) ?? [],
      askStats: asked.stats,
      askDistinctWords: asked.distinctWords,
      askChars: ask.ask.length,
      codeLines: ask.codeLines,
      logLines: ask.logLines,
    },
    rules: { order: ruleIds, decided_by: route.decision.rule },
    session: session === null ? null : { model_id: session.modelId, tier: session.tier, escalated: session.isEscalated },
    experiment: arm === null ? null : { name: arm.experiment, arm: arm.arm },
    rejected: route.decision.rejected.map(({ modelId, reason }) => ({ model_id: modelId, reason })),
    required_context_tokens: route.plan.requiredContextTokens,
  };
}
