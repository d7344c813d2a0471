/**
 * Validates a configuration tree: first its shape, then the cross-references. Used by the build, by `CONFIG_OVERRIDES` at start, and by
 * tests. A mistake is returned as data: where it is, what is there, what was expected.
 */
import type { ConfigMistake, Path } from './config-mistake.ts';
import { ConfigTree, defaultKeyVar, type ModelConfig } from './config.ts';
import { podMistakes } from './config-pod-check.ts';
import type * as z from './zod.ts';

export type { ConfigMistake } from './config-mistake.ts';

export type CheckedConfig =
  | { readonly ok: true; readonly config: ConfigTree }
  | { readonly ok: false; readonly mistakes: readonly ConfigMistake[] };

/**
 * Checks shape and cross-references of `tree` (untrusted). Returns the parsed tree, defaults filled in, or every mistake found.
 *
 * @param dialects the names that an upstream's dialect may have: those of the Worker's registry
 */
export function checkConfig(tree: unknown, dialects: readonly string[]): CheckedConfig {
  const parsed = ConfigTree.safeParse(withUnread(tree));
  if (!parsed.success) return { ok: false, mistakes: parsed.error.issues.flatMap(mistakesOf) };
  const config = parsed.data;
  const mistakes = [
    ...ambiguousNames(config),
    ...upstreamMistakes(config, dialects),
    ...modelMistakes(config),
    ...poolingMistakes(config),
    ...chainMistakes(config),
    ...routeMistakes(config),
    ...numberMistakes(config),
    ...ragMistakes(config),
    ...podMistakes(config, ownVariables),
    ...gpuMistakes(config),
  ];
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, config };
}

/** Keys that are read for chat models only: models of another kind may leave them out. */
const unread = { tier: 'small', capabilities: [], tool_formats: [], reasoning: 'none', slow_tokens_per_second: 1 };

/** Pooling models write nothing: their price is that of what they read. */
function readingPrice(price: unknown): unknown {
  if (typeof price !== 'object' || price === null) return price;
  const { input_per_million_usd: input } = Object(price);
  return { cached_input_per_million_usd: input, output_per_million_usd: 0, ...price };
}

function withUnread(tree: unknown): unknown {
  const { models } = Object(tree);
  if (typeof models !== 'object' || models === null) return tree;
  const filled = Object.entries<unknown>(models).map(([id, model]) => {
    const { kind = 'chat' } = Object(model);
    const own = Object(model);
    return [id, kind === 'chat' ? model : { ...unread, ...own, price: readingPrice(own.price) }] as const;
  });
  return { ...Object(tree), models: Object.fromEntries(filled) };
}

/** For an unknown key the path names the key itself, not the object around it, so that the message points at its line. */
function mistakesOf(issue: z.core.$ZodIssue): ConfigMistake[] {
  const path = issue.path.map(pathKey);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: 'there is no such key',
      unknown: { name: key, known: null },
    }));
  if (issue.code === 'invalid_key') return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  return [{ path, message: issue.message }];
}

function pathKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}

/** The mistake of a reference to a name that does not exist; none if it does. */
function unknownName(what: string, names: readonly string[], name: string, path: Path): ConfigMistake[] {
  if (names.includes(name)) return [];
  const message = `there is no ${what} "${name}"; ${what}s are ${names.join(', ')}`;
  return [{ path, message, unknown: { name, known: names } }];
}

/** The same for a model. @param mustChat it has to be of kind chat */
function modelName({ models }: ConfigTree, name: string, path: Path, mustChat: boolean): ConfigMistake[] {
  const unknown = unknownName('model', Object.keys(models), name, path);
  const kind = models[name]?.kind;
  if (unknown.length > 0 || !mustChat || kind === 'chat') return unknown;
  return [{ path, message: `"${name}" has kind ${kind}; expected a model of kind chat` }];
}

/** A card shares its time among its models, so a model stands in one. */
function gpuMistakes({ gpus, models }: ConfigTree): ConfigMistake[] {
  const cardOf = new Map<string, string>();
  return Object.entries(gpus).flatMap(([cardId, { models: own }]) =>
    own.flatMap((modelId, at) => {
      const path = ['gpus', cardId, 'models', at];
      const other = cardOf.get(modelId);
      cardOf.set(modelId, cardId);
      if (other !== undefined) return [{ path, message: `"${modelId}" runs on "${other}" already` }];
      return unknownName('model', Object.keys(models), modelId, path);
    }),
  );
}

/** The gateway's own variables: none of their values is sent to a model server. */
const ownVariables: ReadonlySet<string> = new Set([
  'ADMIN_TOKEN',
  'BOOTSTRAP_API_KEY',
  'ACCESS_CLIENT_ID',
  'ACCESS_CLIENT_SECRET',
  'ACCESS_TEAM_DOMAIN',
  'ACCESS_AUD',
  'ENVIRONMENT',
  'CONFIG_PROFILE',
  'CONFIG_OVERRIDES',
  'ALLOW_CONFIG_OVERRIDES',
  'DATABASE_URL',
  'REQUEST_LOG',
  'METRICS_TOKEN',
  'OTLP_ENDPOINT',
  'OTLP_HEADERS',
  'PLATFORM_TRACES',
  'BUILD_COMMIT',
]);

/** Dialects that look at nothing in `wire`: what stands there would have no effect. */
const wireless: ReadonlySet<string> = new Set(['vllm', 'workers_ai']);

function upstreamMistakes({ upstreams }: ConfigTree, dialects: readonly string[]): ConfigMistake[] {
  const addresses = new Set(Object.values(upstreams).map((upstream) => upstream.url_var));
  return Object.entries(upstreams).flatMap(([id, { key_var: key, dialect, url_var: address, binding, wire }]) => {
    const mistakes = unknownName('dialect', dialects, dialect, ['upstreams', id, 'dialect']);
    if ((address === undefined) === (binding === undefined))
      mistakes.push({ path: ['upstreams', id], message: 'expected url_var or binding, one of them' });
    if (wire !== undefined && wireless.has(dialect))
      mistakes.push({ path: ['upstreams', id, 'wire'], message: `dialect ${dialect} reads none of it; openai and anthropic do` });
    const other = ownVariables.has(key) ? 'is a setting of the gateway' : addresses.has(key) ? 'holds an address' : null;
    if (other === null) return mistakes;
    const message = `${key} ${other}; name the secret with this server's key, such as ${defaultKeyVar}`;
    return [...mistakes, { path: ['upstreams', id, 'key_var'], message }];
  });
}

function modelMistakes(config: ConfigTree): ConfigMistake[] {
  const { models, upstreams, routing } = config;
  const chatting = Object.values(models).filter(({ kind }) => kind === 'chat');
  const mistakes: ConfigMistake[] = [];
  if (chatting.length === 0) mistakes.push({ path: ['models'], message: 'at least one model of kind chat is needed' });
  else if (Object.keys(routing.intent.models).length === 0 && !chatting.some(({ tier }) => tier === 'large')) {
    const message = 'no model has tier large, and no intent has its own model: nothing can take what the small ones cannot';
    mistakes.push({ path: ['models'], message });
  }
  for (const [id, model] of Object.entries(models)) {
    const names = Object.keys(upstreams);
    model.upstreams.forEach((name, i) => mistakes.push(...unknownName('upstream', names, name, ['models', id, 'upstreams', i])));
    if (model.kind === 'chat') mistakes.push(...chatModelMistakes(config, id, model));
  }
  return mistakes;
}

/** Chats go on whatever is missing; and what only one kind of models reads stands at models of that kind. */
function poolingMistakes({ models, upstreams }: ConfigTree): ConfigMistake[] {
  return Object.entries(models).flatMap(([id, { kind, upstreams: on, zero_shot: zeroShot, dimensions, shortens }]) => {
    const mistakes: ConfigMistake[] = [];
    const at = (keys: Path, message: string) => void mistakes.push({ path: ['models', id, ...keys], message });
    if (kind === 'chat' && on.every((name) => upstreams[name]?.optional === true))
      at(['upstreams'], 'a model of kind chat needs an upstream that is not optional');
    if (kind === 'chat' && on.some((name) => upstreams[name]?.binding !== undefined))
      at(['upstreams'], 'a binding serves models of other kinds than chat');
    if (kind !== 'embedding' && dimensions !== undefined) at(['dimensions'], 'only a model of kind embedding has dimensions');
    if (kind !== 'embedding' && shortens) at(['shortens'], 'only a model of kind embedding has vectors to shorten');
    if (kind !== 'classifier' && zeroShot !== undefined) at(['zero_shot'], 'only a model of kind classifier rates labels');
    if (zeroShot?.method === 'nli' && zeroShot.entailment_index === undefined)
      at(['zero_shot'], 'method nli needs entailment_index, the position of "entails" among the labels');
    if (zeroShot?.method === 'similarity' && models[zeroShot.model ?? '']?.kind !== 'embedding')
      at(['zero_shot', 'model'], 'method similarity needs a model of kind embedding');
    return mistakes;
  });
}

function chatModelMistakes({ limits, routing }: ConfigTree, id: string, model: ModelConfig): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const at = (path: Path, message: string) => void mistakes.push({ path, message });
  if (limits.default_completion_tokens >= model.context_tokens) {
    at(
      ['models', id, 'context_tokens'],
      `limits.default_completion_tokens (${limits.default_completion_tokens}) leaves no room for a prompt in ${model.context_tokens} tokens`,
    );
  }
  if (model.tool_formats.length > 0 && !model.capabilities.includes('tools'))
    at(['models', id, 'tool_formats'], 'tool formats without the capability "tools"');
  if (!Object.hasOwn(routing.chains, id))
    at(['routing', 'chains'], `"${id}" has no chain; write [] if nobody may stand in for it`);
  return mistakes;
}

function chainMistakes(config: ConfigTree): ConfigMistake[] {
  const { models, routing } = config;
  return Object.entries(routing.chains).flatMap(([id, chain]) => [
    ...modelName(config, id, ['routing', 'chains', id], false),
    ...chain.flatMap((next, i) => {
      const path = ['routing', 'chains', id, i];
      const mistakes = modelName(config, next, path, false);
      const [kind, nextKind] = [models[id]?.kind, models[next]?.kind];
      if (kind !== undefined && nextKind !== undefined && kind !== nextKind) {
        const message = `"${next}" has kind ${nextKind} and cannot stand in for "${id}", which has kind ${kind}`;
        mistakes.push({ path, message });
      }
      if (next === id || chain.indexOf(next) !== i) mistakes.push({ path, message: `"${next}" stands twice in its own chain` });
      return mistakes;
    }),
  ]);
}

/** Models by name elsewhere in the routing. */
function routeMistakes(config: ConfigTree): ConfigMistake[] {
  const { models, routing } = config;
  const mistakes: ConfigMistake[] = [];
  const check = (name: string, path: Path, mustChat: boolean) => void mistakes.push(...modelName(config, name, path, mustChat));
  const resort = routing.last_resort?.model;
  if (resort !== undefined) {
    check(resort, ['routing', 'last_resort', 'model'], true);
    for (const [id, chain] of Object.entries(routing.chains)) {
      const message = `"${resort}" is the last resort, and would answer before that`;
      if (chain.includes(resort)) mistakes.push({ path: ['routing', 'chains', id, chain.indexOf(resort)], message });
    }
  }
  for (const [intent, id] of Object.entries(routing.intent.models)) check(id, ['routing', 'intent', 'models', intent], true);
  for (const [name, agent] of Object.entries(routing.agents))
    agent.allowed_models?.forEach((id, i) => check(id, ['routing', 'agents', name, 'allowed_models', i], false));
  for (const [name, { arms, shadow }] of Object.entries(routing.experiments)) {
    const path = ['routing', 'experiments', name];
    for (const [arm, { model }] of Object.entries(arms))
      if (model !== undefined) check(model, [...path, 'arms', arm, 'model'], true);
    if (shadow !== undefined) check(shadow.model, [...path, 'shadow', 'model'], true);
  }
  const { grading, judge_model: judge } = routing.learning;
  if (judge !== undefined) check(judge, ['routing', 'learning', 'judge_model'], true);
  else if (grading === 'judge')
    mistakes.push({ path: ['routing', 'learning', 'judge_model'], message: 'is needed when a judge grades' });
  for (const [alias, target] of Object.entries(routing.aliases)) {
    if (reservedModelNames.has(target) || Object.hasOwn(models, target)) continue;
    const message = `"${target}" is neither a model nor one of ${[...reservedModelNames].join(', ')}`;
    mistakes.push({ path: ['routing', 'aliases', alias], message });
  }
  return mistakes;
}

function numberMistakes({ routing, limits }: ConfigTree): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const at = (path: Path, message: string) => void mistakes.push({ path, message });
  const { high, medium, low } = routing.intent.thresholds;
  if (!(high >= medium && medium >= low)) at(['routing', 'intent', 'thresholds'], 'expected high ≥ medium ≥ low');
  const weightSum = Object.values(routing.classifier.weights).reduce((sum, weight) => sum + weight, 0);
  if (Math.abs(weightSum - 1) > 1e-9) at(['routing', 'classifier', 'weights'], `the weights add up to ${weightSum}, expected 1`);
  if (limits.default_completion_tokens > limits.max_completion_tokens)
    at(['limits', 'default_completion_tokens'], 'must not be larger than max_completion_tokens');
  return mistakes;
}

/** Models by their kind, and numbers that depend on each other. */
function ragMistakes({ rag, models }: ConfigTree): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const at = (key: keyof ConfigTree['rag'], message: string) => void mistakes.push({ path: ['rag', key], message });
  for (const [key, kind] of [
    ['embedding_model', 'embedding'],
    ['rerank_model', 'reranker'],
  ] as const) {
    const name = rag[key];
    if (name === undefined) continue;
    mistakes.push(...unknownName('model', Object.keys(models), name, ['rag', key]));
    const found: string | undefined = models[name]?.kind;
    if (found !== undefined && found !== kind) at(key, `"${name}" has kind ${found}; expected a model of kind ${kind}`);
  }
  if (rag.overlap_tokens > rag.chunk_tokens / 2) at('overlap_tokens', 'must not be more than half of chunk_tokens');
  if (rag.top_k > rag.max_top_k) at('top_k', 'must not be larger than max_top_k');
  if (rag.prompt_tokens < rag.chunk_tokens) at('prompt_tokens', 'leaves no room for one chunk');
  return mistakes;
}

/** Every name that a request may use means one thing. */
function ambiguousNames({ models, routing }: ConfigTree): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const owners = new Map<string, string>();
  const claim = (name: string, owner: string, path: (string | number)[]): void => {
    const other = owners.get(name);
    if (reservedModelNames.has(name))
      mistakes.push({ path, message: `"${name}" is a way of choosing, so no model may have this name` });
    else if (other !== undefined && other !== owner) mistakes.push({ path, message: `"${name}" is a name of ${other} already` });
    else owners.set(name, owner);
  };
  for (const id of Object.keys(models)) claim(id, id, ['models', id]);
  for (const [id, { served_name: name }] of Object.entries(models)) claim(name, id, ['models', id, 'served_name']);
  for (const alias of Object.keys(routing.aliases)) claim(alias, `the alias ${alias}`, ['routing', 'aliases', alias]);
  return mistakes;
}

/** Model names that mean a way of choosing instead of a model. */
export const reservedModelNames: ReadonlySet<string> = new Set([
  'auto',
  'auto:cost',
  'auto:latency',
  'auto:quality',
  'small',
  'large',
  'vision',
]);
