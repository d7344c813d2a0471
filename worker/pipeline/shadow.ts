/**
 * Shadow runs: after a client has its answer from the small tier, a share of requests is asked of another model as well, unseen, while
 * that one has room to spare. What is kept is how far the answers agree and what the second one cost.
 */
import { modelOf, upstreamOf } from '../../shared/config-prepare.ts';
import { isCalm } from '../core/admission/local-gate.ts';
import { normalisePrice, priceUsage } from '../core/cost/price.ts';
import { reconcileUsage } from '../core/cost/reconcile-usage.ts';
import { agreement } from '../core/route/agreement.ts';
import { shadowOf } from '../core/route/experiment.ts';
import { openAttempt } from './attempt.ts';
import { partsOf, type Run } from './run.ts';

/** Starts a shadow run in the background if this request is one of the share; never touches the client's answer. */
export function shadow(run: Run): void {
  const { config } = run.deps;
  const modelId = shadowOf(config.routing.experiments, run.conversation?.unit ?? run.requestId);
  const [choice] = partsOf(run).flatMap(({ answer }) => [...answer.state.choices.values()]);
  if (modelId === null || modelId === run.servedModelId || choice === undefined || choice.content === '') return;
  if (run.allowedModels !== null && !run.allowedModels.has(modelId)) return;
  // What a client does not see takes nothing out of its key's limits, and must not pass them.
  if (run.key.limits.models?.some((limit) => limit.modelId === modelId)) return;
  run.background(compare(run, modelId, choice.content).catch(() => undefined));
}

async function compare(run: Run, modelId: string, shown: string): Promise<void> {
  const { config, health, ledger } = run.deps;
  const model = modelOf(config, modelId);
  const snapshot = await health.snapshot(run.background);
  const [upstreamId] = model.upstreams;
  if (upstreamId === undefined || !isCalm(snapshot, modelId, model.max_in_flight)) return;
  const unseen: Run = {
    ...run,
    request: { ...run.request, stream: false },
    judges: false,
    answers: [],
    unseen: [],
    outcomes: [],
    lowered: new Map<string, number>(),
    withheld: [],
    current: null,
    place: null,
    isSettled: false,
  };
  const { tunnel } = upstreamOf(config, upstreamId);
  const attempt = { modelId, upstreamId, tunnelId: tunnel, contextTokens: model.context_tokens, reason: 'shadow' };
  const opened = await openAttempt(unseen, attempt);
  if (!opened.ok || opened.value.kind !== 'whole') return;
  const { state } = opened.value.answer;
  const text = [...state.choices.values()][0]?.content ?? '';
  const usage = reconcileUsage(state.usage, {
    contentEvents: state.contentEvents,
    contentChars: state.contentChars,
    maxTokens: run.maxTokens * (run.request.n ?? 1),
    maxPromptTokens: model.context_tokens,
    contextTokens: model.context_tokens,
    promptTokensEstimate: run.view.estimatedPromptTokens,
  });
  ledger.shadow(
    `${run.servedModelId}|${modelId}`,
    agreement(shown, text),
    priceUsage(normalisePrice(model.price), usage),
    run.background,
  );
}
