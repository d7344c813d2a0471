/** One request while it is processed, in parts: a function takes those that it reads or writes, and says so in its signature. */
import { modelOf } from '../../../shared/config-prepare.ts';
import { writeStreamId } from '../../core/kept/stream-id.ts';
import type { RoutePlan } from '../../core/route/plan.ts';
import type { Asked } from './asked.ts';
import { type Client, nothingSent } from './client.ts';
import type { PipelineDeps } from './deps.ts';
import { nothingSpent, type Spent } from './spent.ts';
import { isEscalated, nothingTried, type Tried } from './tried.ts';

export interface Run {
  readonly deps: PipelineDeps;
  readonly asked: Asked;
  readonly tried: Tried;
  readonly spent: Spent;
  readonly client: Client;
}

export type Parts<Name extends keyof Run> = Pick<Run, Name>;

/** @param isStreamed the answer is shown as it comes */
export function newRun(deps: PipelineDeps, asked: Asked, route: RoutePlan, isStreamed: boolean, judges: boolean): Run {
  const runId = deps.newId();
  const answerName = writeStreamId({ id: asked.caller.idempotency?.id ?? runId, writerId: runId });
  return {
    deps,
    asked,
    tried: nothingTried(route, isStreamed, judges),
    spent: nothingSpent(runId),
    client: nothingSent(asked, answerName),
  };
}

/** The client has left: frees the model server. Safe to call more than once. */
export function clientLeft(run: Parts<'asked' | 'tried' | 'client'>): void {
  if (run.client.isSettled) return;
  run.client.isGone = true;
  run.tried.current?.abort();
  dropSpare(run);
}

/** A better answer has begun, or the client is no longer waiting. */
export function dropSpare({ asked, tried }: Parts<'asked' | 'tried'>): void {
  const { spare } = tried;
  tried.spare = null;
  if (spare?.opened.kind !== 'stream') return;
  spare.opened.stream.abort();
  spare.opened.stream.intake.cancel();
  spare.place?.release(asked.caller.background);
}

/** Another model answered because the first choice could not; an escalation is not a fallback. */
export function isAnsweredByFallback({ tried, client }: Parts<'tried' | 'client'>): boolean {
  const { servedModelId } = client;
  return !isEscalated(tried) && servedModelId !== null && servedModelId !== tried.route.decision.primaryModelId;
}

/** Prompt and answer together on this model: what its servers have said, else what is configured. */
export function contextTokensOf({ deps, tried }: Parts<'deps' | 'tried'>, modelId: string): number {
  let most: number | null = null;
  for (const candidate of tried.route.plan.candidates)
    if (candidate.modelId === modelId && (most === null || candidate.contextTokens > most)) most = candidate.contextTokens;
  return most ?? modelOf(deps.config, modelId).context_tokens;
}
