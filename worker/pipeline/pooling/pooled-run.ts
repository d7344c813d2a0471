/** A run that asks for vectors, labels or relevance: what stands in the parts of a run that only a chat fills. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { ModelConfig } from '../../../shared/config.ts';
import type { Classification } from '../../core/classify/classify.ts';
import { buildView } from '../../core/classify/view.ts';
import { mostTokens } from '../../core/pooling/input-tokens.ts';
import { type Slice, splitInputs } from '../../core/pooling/split.ts';
import type { InnerRequest } from '../../core/request/inner-request.ts';
import { type PoolingTask, sliceTask } from '../../core/request/pooling-task.ts';
import type { PlannedTask, PoolingAsk } from './plan-task.ts';
import type { Asked, Caller } from '../run/asked.ts';
import type { PipelineDeps } from '../run/deps.ts';
import { newRun, type Run } from '../run/run.ts';

/** Of one tenant's request; the platform lets six calls of a request wait for their answers at once. */
export const mostAtOnce = 6;

export interface PooledRun {
  readonly run: Run;
  readonly task: PoolingTask;
  /** About so many, by input. */
  readonly tokens: readonly number[];
}

const unclassified: Classification = {
  score: 0,
  intent: 'general',
  intentConfidence: 0,
  intentLevel: 'low',
  signals: [],
  heuristicScore: 0,
  adapted: null,
  learned: null,
  reasons: [],
  mode: 'heuristic',
};

export function pooledRun(
  deps: PipelineDeps,
  caller: Caller,
  { model, ignored, text }: PoolingAsk,
  { route, task, tokens }: PlannedTask,
  allowedModels: ReadonlySet<string> | null,
): PooledRun {
  const request = requestOf(model ?? route.decision.modelId ?? '', text);
  const view = { ...buildView(requestOf('', '')), estimatedPromptTokens: tokens.reduce((sum, count) => sum + count, 0) };
  const models = [...new Set(route.plan.candidates.map(({ modelId }) => modelId))].map((id) => modelOf(deps.config, id));
  const pooled = {
    kind: task.kind,
    mostTokens: Math.max(...models.map(({ context_tokens: most }) => mostTokens(task, most))),
    rounds: models.reduce((sum, one) => sum + Math.ceil(slicesFor(tokens, one).length / mostAtOnce), 0),
  };
  const nothing = { classificationMs: 0, threshold: 0, arm: null, conversation: null, format: null, maxTokens: 0 };
  const asked: Asked = {
    caller,
    startedAtMs: deps.clock.now(),
    request,
    ignored,
    view,
    classification: unclassified,
    allowedModels,
    pooled,
    ...nothing,
  };
  return { run: newRun(deps, asked, route, false, false), task, tokens };
}

/** One call's share of a request: nothing is booked of it, so what it tries and spends is added to the request's when it has ended. */
export function partOf({ run, task }: PooledRun, { from, to, tokens }: Slice, modelId: string): PooledRun {
  const { asked, tried, spent } = run;
  const slice = sliceTask(task, from, to);
  const candidates = tried.route.plan.candidates.filter((candidate) => candidate.modelId === modelId);
  const route = { ...tried.route, plan: { ...tried.route.plan, candidates } };
  const most = mostTokens(slice, Math.max(...candidates.map(({ contextTokens }) => contextTokens)));
  const part: Asked = {
    ...asked,
    view: { ...asked.view, estimatedPromptTokens: tokens },
    pooled: asked.pooled === null ? null : { ...asked.pooled, mostTokens: most },
  };
  const own = newRun(run.deps, part, route, false, false);
  // What an earlier model was paid for makes every further call an additional one, which is asked for.
  return {
    run: { ...own, client: run.client, spent: { ...spent, answers: [], unseen: [], counted: [...spent.counted] } },
    task: slice,
    tokens: [],
  };
}

export function slicesFor(tokens: readonly number[], model: ModelConfig): Slice[] {
  return splitInputs(tokens, model.batch);
}

/** The text stands where the parts of the pipeline look that tell one request from another. */
export function requestOf(model: string, text: string): InnerRequest {
  return {
    model,
    messages: [{ role: 'user', content: text }],
    choiceCount: 1,
    sampling: {},
    isStream: false,
    showsUsage: false,
    continuesLast: false,
    extras: {},
  };
}
