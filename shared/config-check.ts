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
    return issue.keys.map((key) => ({ path: [...path, key], message: 'there is no such key' }));
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
  const knownModel = (id: string, path: (string | number)[]) => {
    if (!Object.hasOwn(models, id)) at(path, `there is no model "${id}"; models are ${listOf(models)}`);
  };

  if (Object.keys(models).length === 0) at(['models'], 'at least one model is needed');
  for (const [id, model] of Object.entries(models)) {
    model.upstreams.forEach((upstream, i) => {
      if (!Object.hasOwn(upstreams, upstream)) {
        at(['models', id, 'upstreams', i], `there is no upstream "${upstream}"; upstreams are ${listOf(upstreams)}`);
      }
    });
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

function listOf(record: Record<string, unknown>): string {
  return Object.keys(record).join(', ');
}
