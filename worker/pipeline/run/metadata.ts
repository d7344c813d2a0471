/** What the client is told about its routing, and why it went that way: true for whatever has happened so far. */
import { modelOf } from '../../../shared/config-prepare.ts';
import { fourDigits } from '../../../shared/units.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { FailedOutcome } from '../../core/route/attempt.ts';
import { answerTokens } from '../../core/route/token-room.ts';
import { contextTokensOf, isAnsweredByFallback, isDoubted, partsOf, type Run } from './run.ts';

export function metadataOf(run: Run): RoutingMetadata {
  const { decision } = run.route;
  const modelId = run.servedModelId ?? decision.modelId;
  const isFallback = isAnsweredByFallback(run);
  return {
    model_id: modelId,
    model_name: modelId === null ? null : modelOf(run.deps.config, modelId).served_name,
    tier: decision.tier,
    intent: run.classification.intent,
    score: fourDigits(run.classification.score),
    confidence: fourDigits(run.classification.intentConfidence),
    reason: reasonOf(run),
    strategy: decision.strategy,
    fallback_used: isFallback,
    ...(isFallback && decision.primaryModelId !== null ? { primary_model: decision.primaryModelId } : {}),
    escalated: run.isEscalated,
    ...(run.arm === null ? {} : { experiment: `${run.arm.experiment}:${run.arm.arm}` }),
    attempts: run.calls,
    cache: run.cache,
    ...(run.ignored.length > 0 ? { ignored: run.ignored } : {}),
    ...(run.rescues > 0 ? { rescued: run.rescues } : {}),
    ...warningsOf(run, modelId),
  };
}

/** What the parts of the client's answer warn of, and what was asked for and could not be given. */
function warningsOf(run: Run, modelId: string | null): { readonly warnings?: readonly string[] } {
  const warnings = new Set(partsOf(run).flatMap(({ answer }) => answer.state.warnings));
  const lowered = modelId === null ? null : loweredLimit(run, modelId);
  if (lowered !== null) warnings.add(lowered);
  const { primaryModelId, rule } = run.route.decision;
  // Whoever names a model expects it: that another one answered is not only said in the reason.
  if (rule === 'model' && run.servedModelId !== null && run.servedModelId !== primaryModelId)
    warnings.add(`${primaryModelId} was asked for and could not answer; ${run.servedModelId} did`);
  return warnings.size === 0 ? {} : { warnings: [...warnings] };
}

function loweredLimit(run: Run, modelId: string): string | null {
  const { request, view } = run;
  const { config } = run.deps;
  const field = request.max_completion_tokens === undefined ? 'max_tokens' : 'max_completion_tokens';
  const sent = run.askedTokens ?? answerTokens(view, config.limits, contextTokensOf(run, modelId));
  return sent < (request[field] ?? 0) ? `${field} lowered to ${sent}` : null;
}

/** Why this model was chosen, why another one answered instead, and who went on where it broke off. */
function reasonOf(run: Run): string {
  const { decision } = run.route;
  const answered = run.handovers[0]?.from ?? run.servedModelId;
  const parts = [decision.reason];
  if (answered !== null && isDoubted(run)) parts.push(doubtReason(run, answered));
  else if (answered !== null && answered !== decision.primaryModelId) parts.push(fallbackReason(run, answered));
  for (const { from, to, code } of run.handovers) parts.push(`${from} broke off (${code}), ${to} went on`);
  return parts.filter((part) => part !== '').join('; ');
}

function doubtReason(run: Run, answered: string): string {
  const failed = failedBefore(run);
  const why = failed.find(({ cause }) => cause === 'low_confidence')?.failure.detail ?? '';
  if (run.isEscalated) return `the small tier's answer was not good enough (${why}), ${answered} answered`;
  const others = said(failed.filter(({ cause }) => cause !== 'low_confidence'));
  return `the small tier's answer was doubtful (${why}), ${others === '' ? 'nobody larger could answer' : others}, so it is shown`;
}

function fallbackReason(run: Run, answered: string): string {
  const failed = said(failedBefore(run));
  return failed === '' ? '' : `${failed}, ${answered} answered`;
}

/** What failed before an answer began; what failed in a rescue says nothing about that. */
function failedBefore({ outcomes }: Run): FailedOutcome[] {
  const failed: FailedOutcome[] = [];
  for (const outcome of outcomes) {
    if (outcome.isOk) break;
    failed.push(outcome);
  }
  return failed;
}

function said(failed: readonly FailedOutcome[]): string {
  return [...new Set(failed.map(({ candidate, failure }) => `${candidate.modelId} failed (${failure.code})`))].join(', ');
}
