/**
 * What makes two requests the same for the cache: the same tenant, the same model configured in the same way, and the same request as that
 * model would see it. Everything that can change an answer is in the key, so a mistake here costs hits and never gives a wrong answer.
 */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Strategy } from '../../../shared/config.ts';
import type { InnerRequest } from '../request/inner-request.ts';
import { rememberedByObject } from '../text/remembered.ts';

export interface CacheScope {
  readonly tenantId: string;
  /**
   * The model that would answer if every model were up. It stands for all that chooses it: the name that the client wrote, the agent's policy,
   * what the key may use, what the conversation remembers.
   */
  readonly modelId: string;
  readonly strategy: Strategy;
  /** The answer is judged before it is shown. */
  readonly isJudged: boolean;
}

/**
 * Every field of a request: whether it is in the key. Those that are not cannot change the answer, for the reason beside them. A new field of
 * `InnerRequest` does not compile without a row here.
 */
export const countsForKey: Readonly<Record<keyof InnerRequest, boolean>> = {
  // The model that it leads to counts, so an alias shares with what it stands for.
  model: false,
  messages: true,
  tools: true,
  toolChoice: true,
  allowsParallelCalls: true,
  answerFormat: true,
  structuredOutputs: true,
  maxTokens: true,
  // Two names of one number.
  maxTokensField: false,
  choiceCount: true,
  sampling: true,
  logprobs: true,
  topLogprobs: true,
  reasoningEffort: true,
  reasoningTokens: true,
  // An answer is rendered as its reader wants it, streamed or whole.
  isStream: false,
  // Usage is kept with every answer, and shown or not.
  showsUsage: false,
  continuesLast: true,
  // No model server gets it.
  user: false,
  // No model server gets it; what it says of routing is in the model that it leads to.
  metadata: false,
  grounding: true,
  // An answer is rendered as its reader wants it.
  echo: false,
  extras: true,
};

const leftOut: ReadonlySet<string> = new Set(Object.entries(countsForKey).flatMap(([field, counts]) => (counts ? [] : [field])));

/**
 * The text whose SHA-256 is the key. The order of a request's own fields does not count, and neither do fields that are absent; inside a
 * client's own JSON (schemas, template arguments) the order counts, because models read it and constrained decoding writes by it.
 */
export function cacheKeyText(request: InnerRequest, scope: CacheScope, config: Config): string {
  const { tenantId, modelId, strategy, isJudged } = scope;
  // Three JSON texts, each of which ends by itself: joined, they are as unambiguous as in one, and no text is escaped again.
  return JSON.stringify([tenantId, modelId, strategy, isJudged]) + shapeOf(config, modelId) + askedText(request);
}

/** A request that is read from a body that came before is the same object (routes/answers.ts). */
const askedText = rememberedByObject((request: InnerRequest): string => {
  const { stop, ...sampling } = request.sampling;
  const stops = typeof stop === 'string' ? [stop] : stop;
  const fields = Object.entries({ ...request, sampling: { ...sampling, stop: stops } }).filter(([name]) => !leftOut.has(name));
  return JSON.stringify(inOrder(Object.fromEntries(fields)));
});

/** By configuration and model, worked out once: the longest part of most keys, and the same for all requests. */
const shapes = new WeakMap<Config, Map<string, string>>();

function shapeOf(config: Config, modelId: string): string {
  const known = shapes.get(config) ?? new Map<string, string>();
  shapes.set(config, known);
  const shape = known.get(modelId) ?? JSON.stringify(shaping(config, modelId));
  known.set(modelId, shape);
  return shape;
}

/** What is configured of a model and changes its answers: after a change nothing that was kept before is found. */
function shaping(config: Config, modelId: string): unknown {
  const { served_name, upstreams, tool_formats, reasoning, capabilities, context_tokens } = modelOf(config, modelId);
  const { default_completion_tokens, max_completion_tokens } = config.limits;
  return [
    config.cache.version,
    { served_name, upstreams, tool_formats, reasoning, capabilities, context_tokens },
    upstreams.map((id) => config.upstreams[id]?.dialect),
    config.routing.tools,
    [default_completion_tokens, max_completion_tokens],
  ];
}

/** Fields whose value is JSON that a client wrote for the model to read. */
const ownJson: ReadonlySet<string> = new Set(['parameters', 'schema', 'json', 'chat_template_kwargs']);

/** The same with the fields of every object in one order; absent ones are left out. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const sorted = fields.toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(sorted.map(([name, field]) => [name, ownJson.has(name) ? field : inOrder(field)]));
}
