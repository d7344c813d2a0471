/** From a valid body to a run with a plan. Calls no model, and holds nothing yet. */
import type { Strategy } from '../../shared/config.ts';
import type { Failure } from '../../shared/errors.ts';
import { ok, type Result } from '../../shared/result.ts';
import { mayEscalate } from '../core/route/may-escalate.ts';
import { mostAnswerTokens } from '../core/route/token-room.ts';
import { compileFormat } from '../core/structured/compile-format.ts';
import type { ReadRequest } from '../core/surfaces/surface.ts';
import { decide } from './decide.ts';
import type { Asked, Caller } from './run/asked.ts';
import type { PipelineDeps } from './run/deps.ts';
import { newRun, type Run } from './run/run.ts';

export async function understand(
  deps: PipelineDeps,
  caller: Caller,
  { request, ignored }: ReadRequest,
  wantedStrategy: Strategy | null,
): Promise<Result<Run, Failure>> {
  const format = compileFormat(request, deps.config.limits);
  if (!format.ok) return format;
  const startedAtMs = deps.clock.now();
  const decided = await decide(deps, caller, request, wantedStrategy);
  if (!decided.ok) return decided;
  const { route, reading, view, classification, classificationMs, arm, allowedModels, conversation } = decided.value;
  const { threshold } = reading;
  // The most that any planned model may be asked for: what is reserved, and what a call stays within.
  const maxTokens = mostAnswerTokens(view, deps.config.limits, route.plan.candidates);
  const asked: Asked = {
    caller,
    startedAtMs,
    request,
    ignored,
    maxTokens,
    format: format.value,
    view,
    classification,
    classificationMs,
    threshold,
    arm,
    allowedModels,
    pooled: null,
    conversation,
  };
  return ok(newRun(deps, asked, route, request.isStream, mayEscalate(route, request.choiceCount, deps.config)));
}
