/** The fleet that the planner's tests plan for, and a request's situation in it, in few words. */
import type { ChatRequest } from '../../../shared/chat.ts';
import { type Classification, classify } from '../../../worker/core/classify/classify.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { readModelName } from '../../../worker/core/route/model-names.ts';
import { needsOf } from '../../../worker/core/route/needed.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { planRoute, type PlanInput, type RoutePlan } from '../../../worker/core/route/plan.ts';
import { readScore } from '../../../worker/core/route/score-reading.ts';
import { configWith } from '../../support/fakes/config.ts';

export const pair = configWith({ routing: { classifier: { threshold: 0.6 } } });
const { 'qwen2.5-7b': small, 'qwen2.5-32b': large } = pair.models;
export const { small: route } = pair.upstreams;

/** Two small and two large models, one that sees; `s2` and `plain` each lack something. */
export const fleet = configWith({
  upstreams: { east: { ...route, url_var: 'EAST_URL', tunnel: 'east' }, west: { ...route, url_var: 'WEST_URL', tunnel: 'west' } },
  models: {
    'qwen2.5-7b': null,
    'qwen2.5-32b': null,
    s1: { ...small, served_name: 's1', upstreams: ['small', 'east'], context_tokens: 8192 },
    s2: { ...small, served_name: 's2', upstreams: ['west'], capabilities: [], tool_formats: [], context_tokens: 4096 },
    l1: { ...large, served_name: 'l1', upstreams: ['large'], context_tokens: 32_768 },
    l2: { ...large, served_name: 'l2', upstreams: ['east'], context_tokens: 131_072 },
    eye: {
      ...large,
      served_name: 'eye',
      upstreams: ['west'],
      tier: 'vision',
      capabilities: ['vision', 'tools'],
      tool_formats: [],
    },
  },
  gpus: { a40: null },
  limits: { default_completion_tokens: 2048, max_completion_tokens: 200_000 },
  routing: {
    classifier: { threshold: 0.6 },
    aliases: { 'gpt-4o': 'auto', 'gpt-4o-mini': 'auto', house: 'l2' },
    chains: { 'qwen2.5-7b': null, 'qwen2.5-32b': null, s1: ['l1', 'l2'], s2: ['s1'], l1: ['l2', 's1'], l2: [], eye: [] },
  },
});

export const hello: ChatRequest = { model: 'auto', messages: [{ role: 'user', content: 'hello' }] };
export const withImage: ChatRequest['messages'] = [
  { role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.example/a.png' } }] },
];
/** A prompt of so many words. */
export const promptOf = (words: number): ChatRequest['messages'] => [{ role: 'user', content: 'word '.repeat(words) }];
export const tools: ChatRequest['tools'] = [{ type: 'function', function: { name: 'f' } }];
export const schema: ChatRequest['response_format'] = { type: 'json_schema', json_schema: { name: 'a', schema: {} } };

export interface Case {
  readonly request?: Partial<ChatRequest>;
  readonly score?: number;
  readonly down?: readonly string[];
  readonly allowed?: readonly string[];
  readonly change?: Partial<PlanInput>;
}

export function inputOf({ request, score = 0.1, down = [], allowed, change }: Case): PlanInput {
  const config = change?.config ?? fleet;
  const full = innerRequest({ ...hello, ...request });
  const view = buildView(full);
  const wish = readModelName(full.model, config);
  if (!wish.ok) throw new Error(`no model ${full.model}`);
  const classification: Classification = {
    ...classify(view, config.routing, null),
    score,
    reasons: ['a reason'],
  };
  return {
    config,
    view,
    classification,
    reading: readScore(classification, config, 'cost', () => null),
    wish: wish.value,
    strategy: 'cost',
    agent: null,
    session: null,
    arm: null,
    hasVisionHint: false,
    queueOf: () => null,
    random: () => 0.5,
    allowedModels: allowed === undefined ? null : new Set(allowed),
    needs: needsOf(full),
    isUp: (modelId) => !down.includes(modelId),
    isSound: (modelId) => !down.includes(modelId),
    serverRoomOf: () => null,
    ...change,
  };
}

export function planned(situation: Case): RoutePlan {
  const result = planRoute(inputOf(situation));
  if (!result.ok) throw new Error(result.failure.code);
  return result.value;
}

export const order = ({ plan }: RoutePlan): string =>
  plan.candidates.map(({ modelId, upstreamId }) => `${modelId}@${upstreamId}`).join(' ');
