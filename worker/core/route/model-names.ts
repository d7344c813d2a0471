/** What the `model` field of a request means: one model, a tier, or "choose for me" with or without a strategy. */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import { strategyIds, type Strategy, type Tier } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { rememberedByObject } from '../text/remembered.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';

export type ModelWish =
  | { readonly kind: 'auto'; readonly strategy: Strategy | null }
  | { readonly kind: 'tier'; readonly tier: Tier }
  | { readonly kind: 'model'; readonly modelId: string };

/** The configured model, of any kind, that a name stands for; null when there is none, or when the name leaves a choice. */
export function modelIdOf(name: string, config: Config): string | null {
  const wish = readWish(name, config);
  if (wish === null || wish.kind === 'auto') return null;
  if (wish.kind === 'model') return wish.modelId;
  const [only, ...others] = Object.keys(config.chatModels).filter((id) => modelOf(config, id).tier === wish.tier);
  return others.length > 0 ? null : (only ?? null);
}

/**
 * Reads the `model` of a chat. An unknown name is `model_not_found`, a model of another kind an invalid value; both failures list the names
 * that the caller may use.
 *
 * @param allowed models of the key and the agent; null allows all
 */
export function readModelName(
  name: string,
  config: Config,
  allowed: ReadonlySet<string> | null = null,
): Result<ModelWish, Failure> {
  const wish = readWish(name, config);
  if (wish === null) return fail({ ...unknownModel(name), detail: understood(config, allowed) });
  if (wish.kind !== 'model' || Object.hasOwn(config.chatModels, wish.modelId)) return ok(wish);
  const sentence = `The model \`${shown(name)}\` has kind ${modelOf(config, wish.modelId).kind} and does not answer chat completions.`;
  return fail({ code: 'invalid_value', param: 'model', sentence, detail: understood(config, allowed) });
}

export function readWish(name: string, config: Config): ModelWish | null {
  const pattern = patternTarget(name, config);
  return wishFor(config.aliasTargets.get(name) ?? name, config) ?? (pattern === null ? null : wishFor(pattern, config));
}

function wishFor(target: string, config: Config): ModelWish | null {
  if (target === 'auto') return { kind: 'auto', strategy: null };
  if (target === 'small' || target === 'large' || target === 'vision') return { kind: 'tier', tier: target };
  for (const strategy of strategyIds) if (target === `auto:${strategy}`) return { kind: 'auto', strategy };
  const modelId = config.modelIdByName.get(target);
  return modelId === undefined ? null : { kind: 'model', modelId };
}

/** Aliases with a `*` in them stand for every name that fits; the one with the most letters of its own decides. */
const patternsOf = rememberedByObject((config: Config) =>
  [...config.aliasTargets]
    .filter(([alias]) => alias.includes('*'))
    .toSorted(([one], [other]) => other.length - one.length)
    .map(([alias, target]) => ({ parts: alias.split('*'), target })),
);

/** What a name that fits a pattern stands for; null when it fits none. */
export function patternTarget(name: string, config: Config): string | null {
  return patternsOf(config).find(({ parts }) => fits(name, parts))?.target ?? null;
}

/** Whether `parts` stand in the name in their order, the first at its beginning and the last at its end. */
function fits(name: string, parts: readonly string[]): boolean {
  const [first = '', ...others] = parts;
  const last = others.pop() ?? '';
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}

/** In OpenAI's wording, which clients match. */
export function unknownModel(name: string): Failure {
  return { code: 'model_not_found', param: 'model', sentence: `The model \`${shown(name)}\` does not exist.` };
}

/** The name as it was asked for, in one line of at most 100 characters. */
export function shown(name: string): string {
  return name.slice(0, 100).replace(/[\p{Cc}`]+/gu, ' ');
}

/** Names listed in an error. */
const maxNames = 20;

function understood(config: Config, allowed: ReadonlySet<string> | null): string {
  const ids = Object.keys(config.chatModels).filter((id) => allowed === null || allowed.has(id));
  if (ids.length === 0) return 'None of the models that the key may use is configured.';
  const tiers = new Set(ids.map((id) => modelOf(config, id).tier));
  const more = ids.length > maxNames ? ' …' : '.';
  return `Use ${['auto', ...tiers].join(', ')} or one of: ${ids.slice(0, maxNames).join(', ')}${more}`;
}
