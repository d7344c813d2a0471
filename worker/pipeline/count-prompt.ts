/**
 * Asks a model server how many tokens a prompt has, where the estimate is too coarse to say whether it fits: before any model runs, and for a short
 * time. What is not to be had in that time is estimated, as without.
 */
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import type { RequestView } from '../core/classify/view.ts';
import { requestFor } from '../core/request/late-system.ts';
import type { InnerRequest } from '../core/request/inner-request.ts';
import type { PlanInput, RoutePlan } from '../core/route/plan.ts';
import { isNearLimit } from '../core/route/token-room.ts';
import { rememberedByObject } from '../core/text/remembered.ts';
import type { EncodedCall } from '../core/upstreams/dialect.ts';
import { upstreamBody } from '../core/upstreams/upstream-body.ts';
import type { Caller } from './run/asked.ts';
import type { PipelineDeps } from './run/deps.ts';

/** A server that cannot count, or not in time, is not asked again for so long. */
const quietMs = 60_000;
/** A token is a number of seven characters at most; vLLM sends all of them with the count. */
const maxAnswerBytes = 16_000_000;

interface Server {
  readonly modelId: string;
  readonly upstreamId: string;
  readonly contextTokens: number;
}

/** By upstream: until when it is left alone. */
const quietOf = rememberedByObject((_config: Config) => new Map<string, number>());

/** The view with the count in place of the estimate; null where the estimate does, or no count is to be had. */
export function countPrompt(
  deps: PipelineDeps,
  caller: Caller,
  request: InnerRequest,
  view: RequestView,
  route: RoutePlan,
  serverRoomOf: PlanInput['serverRoomOf'],
): null | Promise<RequestView | null> {
  const { config } = deps;
  const server = serverToAsk(config, route, serverRoomOf);
  // Servers count the pixels of an image only when they run it.
  if (server === null || config.limits.count_prompt_ms === 0 || view.images > 0) return null;
  if (!isNearLimit(view, config.limits, server.contextTokens)) return null;
  return countAt(deps, caller, request, server).then((tokens) => {
    return tokens === null ? null : { ...view, estimatedPromptTokens: tokens, isCounted: true };
  });
}

/** The prompt's tokens as the model of the plan would count them; the estimate where its server cannot, or not in time. */
export async function countTokens(
  deps: PipelineDeps,
  caller: Caller,
  request: InnerRequest,
  { view, route }: { readonly view: RequestView; readonly route: RoutePlan },
): Promise<number> {
  const server = serverToAsk(deps.config, route, () => null);
  const isAsked = !view.isCounted && view.images === 0 && server !== null && deps.config.limits.count_prompt_ms > 0;
  return (isAsked ? await countAt(deps, caller, request, server) : null) ?? view.estimatedPromptTokens;
}

async function countAt(
  deps: PipelineDeps,
  caller: Caller,
  request: InnerRequest,
  { modelId, upstreamId }: Server,
): Promise<number | null> {
  const { config, clock, dialectOf } = deps;
  const { counting } = dialectOf(upstreamId);
  const quiet = quietOf(config);
  if (counting === undefined || clock.now() < (quiet.get(upstreamId) ?? 0)) return null;
  const model = modelOf(config, modelId);
  const text = await ask(deps, caller, upstreamId, counting.encode(requestFor(model, request), model.served_name));
  const counted = text === null ? null : counting.read(text);
  if (counted === null) quiet.set(upstreamId, clock.now() + quietMs);
  return counted?.tokens ?? null;
}

/** The first of the plan; of a request that seems to fit nowhere, the one with the most room. */
function serverToAsk(
  config: Config,
  { plan, decision, failure }: RoutePlan,
  serverRoomOf: PlanInput['serverRoomOf'],
): Server | null {
  const [first] = plan.candidates;
  if (first !== undefined) return first;
  if (failure?.code !== 'context_length_exceeded') return null;
  const servers = decision.rejected.flatMap(({ modelId }) => {
    const { upstreams, context_tokens: configured } = modelOf(config, modelId);
    return upstreams.map((upstreamId) => ({
      modelId,
      upstreamId,
      contextTokens: serverRoomOf(modelId, upstreamId) ?? configured,
    }));
  });
  return servers.toSorted((one, other) => other.contextTokens - one.contextTokens)[0] ?? null;
}

/** Null where it does not answer well and in time. */
async function ask(deps: PipelineDeps, caller: Caller, upstreamId: string, { path, body }: EncodedCall): Promise<string | null> {
  const controller = new AbortController();
  const give = (): void => controller.abort();
  const cancel = deps.timers.once(deps.config.limits.count_prompt_ms, give);
  try {
    const opened = await deps.upstream.open({
      upstreamId,
      method: 'POST',
      path,
      body: upstreamBody(body),
      requestId: `${caller.requestId}-count`,
      accept: 'application/json',
      traceparent: caller.traceparent,
      signal: controller.signal,
    });
    if (!opened.ok) return null;
    if (opened.value.status !== 200) {
      await opened.value.body?.cancel();
      return null;
    }
    return await opened.value.readText(maxAnswerBytes);
  } catch {
    return null;
  } finally {
    cancel();
  }
}
