/** What the client is told about its routing, and why it went that way: true for whatever has happened so far. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import { fourDigits } from '../../../shared/units.ts';
import type { FailedOutcome } from '../../core/route/attempt.ts';
import { armName } from '../../core/route/experiment.ts';
import { answerTokens } from '../../core/route/token-room.ts';
import { contextTokensOf, isAnsweredByFallback, type Parts, type Run } from './run.ts';
import { partsOf } from './spent.ts';
import { isDoubted, isEscalated, type Tried } from './tried.ts';

export function metadataOf(run: Run): RoutingMetadata {
  const { deps, asked, tried, client } = run;
  const { decision } = tried.route;
  const { classification, arm, ignored } = asked;
  const modelId = client.servedModelId ?? decision.modelId;
  const isFallback = isAnsweredByFallback(run);
  return {
    model_id: modelId,
    model_name: modelId === null ? null : modelOf(deps.config, modelId).served_name,
    tier: decision.tier,
    intent: classification.intent,
    score: fourDigits(classification.score),
    confidence: fourDigits(classification.intentConfidence),
    reason: reasonOf(run),
    strategy: decision.strategy,
    fallback_used: isFallback,
    ...(isFallback && decision.primaryModelId !== null ? { primary_model: decision.primaryModelId } : {}),
    escalated: isEscalated(tried),
    ...(arm === null ? {} : { experiment: armName(arm) }),
    attempts: tried.calls,
    cache: client.cache.state,
    ...(client.cache.ageMs === null ? {} : { cache_age_seconds: Math.floor(client.cache.ageMs / 1000) }),
    ...(client.cache.level === null ? {} : { cache_level: client.cache.level }),
    ...(ignored.length > 0 ? { ignored } : {}),
    ...(tried.rescues.length > 0 ? { rescued: tried.rescues.length } : {}),
    ...warningsOf(run, modelId),
  };
}

/** The same with the time it took, for the end of an answer. */
export function finalMetadata(run: Run, nowMs = run.deps.clock.now()): RoutingMetadata {
  return { ...metadataOf(run), total_time_seconds: (nowMs - run.asked.startedAtMs) / 1000 };
}

/** What the parts of the client's answer warn of, and what was asked for and could not be given. */
function warningsOf(run: Run, modelId: string | null): { readonly warnings?: readonly string[] } {
  const parts = partsOf(run.spent);
  const warnings: string[] = [];
  for (const { answer } of parts) warnings.push(...answer.state.warnings);
  const lowered = modelId === null ? null : loweredLimit(run, modelId);
  if (lowered !== null) warnings.push(lowered);
  if (run.tried.warning !== null) warnings.push(run.tried.warning);
  const { primaryModelId, rule } = run.tried.route.decision;
  const { servedModelId } = run.client;
  // A client that names a model expects it, so a fallback is a warning as well as part of the reason.
  if (rule === 'model' && servedModelId !== null && servedModelId !== primaryModelId)
    warnings.push(`${primaryModelId} was asked for and could not answer; ${servedModelId} did`);
  return warnings.length === 0 ? {} : { warnings: [...new Set(warnings)] };
}

function loweredLimit(run: Parts<'deps' | 'asked' | 'tried'>, modelId: string): string | null {
  const { request, view } = run.asked;
  const sent = run.tried.askedTokens ?? answerTokens(view, run.deps.config.limits, contextTokensOf(run, modelId));
  return sent < (request.maxTokens ?? 0) ? `${request.maxTokensField} lowered to ${sent}` : null;
}

/** Why this model was chosen, why another one answered instead, and who went on where it broke off. */
export function reasonOf({ tried, client }: Parts<'tried' | 'client'>): string {
  const { decision } = tried.route;
  const handovers = tried.rescues.filter(({ to }) => to !== null);
  const answered = handovers[0]?.from ?? client.servedModelId;
  // As it was planned, like nearly every request.
  const isAsPlanned = answered === null || (answered === decision.primaryModelId && !isDoubted(tried));
  if (isAsPlanned && handovers.length === 0) return decision.reason;
  const parts = [decision.reason];
  if (answered !== null && isDoubted(tried)) parts.push(doubtReason(tried, answered));
  else if (answered !== null && answered !== decision.primaryModelId) parts.push(fallbackReason(tried, answered));
  for (const { from, to, code } of handovers) parts.push(`${from} broke off (${code}), ${to} went on`);
  return parts.filter((part) => part !== '').join('; ');
}

function doubtReason(tried: Tried, answered: string): string {
  const failed = failedBefore(tried);
  const why = failed.find(({ cause }) => cause === 'low_confidence')?.failure.detail ?? '';
  if (isEscalated(tried)) return `the small tier's answer was not good enough (${why}), ${answered} answered`;
  const others = said(failed.filter(({ cause }) => cause !== 'low_confidence'));
  return `the small tier's answer was doubtful (${why}), ${others === '' ? 'nobody larger could answer' : others}, so it is shown`;
}

function fallbackReason(tried: Tried, answered: string): string {
  const failed = said(failedBefore(tried));
  return failed === '' ? '' : `${failed}, ${answered} answered`;
}

/** What failed before an answer began; what failed in a rescue says nothing about that. */
function failedBefore({ outcomes }: Tried): FailedOutcome[] {
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
