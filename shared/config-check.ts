/**
 * Validates a configuration tree: first its shape, then everything one part says about another. Used by the build, by
 * `CONFIG_OVERRIDES` at start, and by tests. A mistake is data here: where it is, what stands there, what was expected.
 */
import { ConfigTree } from './config.ts';
import type * as z from './zod.ts';

export interface ConfigMistake {
  /** Keys from the root of the tree. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  /** The name that nobody knows, where the mistake is one, and the names there are, where they are known here. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] | null };
}

export type CheckedConfig =
  | { readonly ok: true; readonly config: ConfigTree }
  | { readonly ok: false; readonly mistakes: readonly ConfigMistake[] };

/** Checks shape and cross-references of `tree` (untrusted). Returns the parsed tree, defaults filled in, or every mistake found. */
export function checkConfig(tree: unknown): CheckedConfig {
  const parsed = ConfigTree.safeParse(tree);
  if (!parsed.success) return { ok: false, mistakes: parsed.error.issues.flatMap(mistakesOf) };
  const mistakes = crossReferences(parsed.data);
  return mistakes.length > 0 ? { ok: false, mistakes } : { ok: true, config: parsed.data };
}

/** A key that does not belong is named itself, not the object it stands in: people look for the line. */
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

function crossReferences(config: ConfigTree): ConfigMistake[] {
  const mistakes: ConfigMistake[] = [];
  const { models, upstreams, routing, limits } = config;
  const at = (path: (string | number)[], message: string) => void mistakes.push({ path, message });
  const known = (what: string, among: Record<string, unknown>, name: string, path: (string | number)[]): void => {
    if (Object.hasOwn(among, name)) return;
    const names = Object.keys(among);
    const message = `there is no ${what} "${name}"; ${what}s are ${names.join(', ')}`;
    mistakes.push({ path, message, unknown: { name, known: names } });
  };
  const knownModel = (id: string, path: (string | number)[]) => known('model', models, id, path);

  if (Object.keys(models).length === 0) at(['models'], 'at least one model is needed');
  else if (Object.keys(routing.intent.models).length === 0 && !Object.values(models).some(({ tier }) => tier === 'large')) {
    at(['models'], 'no model has tier large, and no intent has a model of its own: nothing can take what the small ones cannot');
  }
  mistakes.push(...ambiguousNames(config));
  for (const [id, model] of Object.entries(models)) {
    model.upstreams.forEach((upstream, i) => known('upstream', upstreams, upstream, ['models', id, 'upstreams', i]));
    if (limits.default_completion_tokens >= model.context_tokens) {
      at(
        ['models', id, 'context_tokens'],
        `limits.default_completion_tokens (${limits.default_completion_tokens}) leaves no room for a prompt in ${model.context_tokens} tokens`,
      );
    }
    if (model.tool_formats.length > 0 && !model.capabilities.includes('tools')) {
      at(['models', id, 'tool_formats'], 'tool formats without the capability "tools"');
    }
    if (!Object.hasOwn(routing.chains, id))
      at(['routing', 'chains'], `"${id}" has no chain; write [] if nobody may stand in for it`);
  }
  for (const [id, chain] of Object.entries(routing.chains)) {
    knownModel(id, ['routing', 'chains', id]);
    chain.forEach((next, i) => {
      knownModel(next, ['routing', 'chains', id, i]);
      if (next === id || chain.indexOf(next) !== i) at(['routing', 'chains', id, i], `"${next}" stands twice in its own chain`);
    });
  }
  for (const [intent, id] of Object.entries(routing.intent.models)) knownModel(id, ['routing', 'intent', 'models', intent]);
  for (const [name, agent] of Object.entries(routing.agents)) {
    agent.allowed_models?.forEach((id, i) => knownModel(id, ['routing', 'agents', name, 'allowed_models', i]));
  }
  for (const [name, experiment] of Object.entries(routing.experiments)) {
    for (const [arm, { model }] of Object.entries(experiment.arms)) {
      if (model !== undefined) knownModel(model, ['routing', 'experiments', name, 'arms', arm, 'model']);
    }
    if (experiment.shadow !== undefined) knownModel(experiment.shadow.model, ['routing', 'experiments', name, 'shadow', 'model']);
  }
  for (const [alias, target] of Object.entries(routing.aliases)) {
    if (!reservedModelNames.has(target) && !Object.hasOwn(models, target)) {
      at(['routing', 'aliases', alias], `"${target}" is neither a model nor one of ${[...reservedModelNames].join(', ')}`);
    }
  }
  const { high, medium, low } = routing.intent.thresholds;
  if (!(high >= medium && medium >= low)) at(['routing', 'intent', 'thresholds'], 'expected high ≥ medium ≥ low');
  const weightSum = Object.values(routing.classifier.weights).reduce((sum, weight) => sum + weight, 0);
  if (Math.abs(weightSum - 1) > 1e-9) at(['routing', 'classifier', 'weights'], `the weights add up to ${weightSum}, expected 1`);
  if (limits.default_completion_tokens > limits.max_completion_tokens) {
    at(['limits', 'default_completion_tokens'], 'must not be larger than max_completion_tokens');
  }
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
