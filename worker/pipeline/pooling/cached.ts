/** The same inputs for the same model have the same values, so where answers are kept these are as well: by tenant, model and task. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { normalisePrice, priceUsage } from '../../core/cost/price.ts';
import { ageOf, type FoundAnswer } from '../../core/kept/cached-answer.ts';
import { cacheKeyText } from '../../core/kept/cache-key.ts';
import { cacheUse, readCacheControl } from '../../core/kept/cache-policy.ts';
import type { AnswerPlace } from '../../core/kept/ports.ts';
import { admitHit } from '../calls/reserve.ts';
import type { Run } from '../run/run.ts';
import type { PooledAnswer } from './call-parts.ts';
import type { PooledRun } from './pooled-run.ts';

/** What was kept, with the tokens that it would have taken. */
export interface KeptValues extends PooledAnswer {
  readonly promptTokens: number;
}

/** Null: ask. Otherwise the values, or why there are none. */
export async function lookUpValues(pooled: PooledRun): Promise<Result<KeptValues | null, Failure>> {
  const { run } = pooled;
  const { deps, asked } = run;
  const { cacheControl, idempotency, key: caller } = asked.caller;
  if (!deps.config.cache.enabled && cacheControl === null) return ok(null);
  const wish = readCacheControl(cacheControl);
  // A seed stands for what holds of such models anyway: they answer alike.
  const repeatable = { ...asked.request, sampling: { seed: 0 } };
  const about = { wish, isIdempotent: idempotency !== null, isKeyExcluded: caller.mayUseCache === false, isInExperiment: false };
  const use = cacheUse(deps.config.cache, repeatable, about);
  const key = use.keeps ? await keyOf(pooled) : null;
  const found = key === null || !use.reads ? null : await deps.answers.get(placeOf(run, key));
  const values = found === null || ageOf(found, deps.clock.now()) > use.maxAgeMs ? null : valuesIn(run, found);
  if (found === null || values === null) return wish.isOnlyIfCached ? fail({ code: 'not_cached' }) : ok(null);
  const refusal = await admitHit(run);
  if (refusal !== null) return fail(refusal);
  noteHit(run, found);
  return ok({ values, modelId: found.modelId, promptTokens: found.usage.promptTokens });
}

async function keyOf({ run, task }: PooledRun): Promise<string | null> {
  const { deps, asked, tried, client } = run;
  const { primaryModelId: modelId, strategy } = tried.route.decision;
  if (modelId === null) return null;
  const whole = { ...asked.request, messages: [{ role: 'user', content: JSON.stringify(task) }] as const };
  const text = cacheKeyText(whole, { tenantId: asked.caller.key.tenantId, modelId, strategy, isJudged: false }, deps.config);
  const key = await deps.digest(text);
  client.cache = { state: 'miss', ageMs: null, level: null, key, keeps: true };
  return key;
}

function placeOf({ asked }: Pick<Run, 'asked'>, key: string): AnswerPlace {
  return { key, tenantId: asked.caller.key.tenantId, url: asked.caller.url };
}

/** Null where the model is not to be had here any more. */
function valuesIn({ deps }: Run, { answer, modelId }: FoundAnswer): readonly string[] | null {
  const [choice] = answer.choices;
  if (choice === undefined || !deps.config.modelIdByName.has(modelId)) return null;
  // Written by this file.
  const values: string[] = JSON.parse(choice.content);
  return values;
}

function noteHit({ deps, spent, client }: Run, found: FoundAnswer): void {
  client.servedModelId = found.modelId;
  client.cache = { ...client.cache, state: 'hit', ageMs: ageOf(found, deps.clock.now()), level: found.level, keeps: false };
  const price = normalisePrice(modelOf(deps.config, found.modelId).price);
  spent.given = { answer: null, savedNanoUsd: priceUsage(price, found.usage) };
}

/** Not of a stand-in: the next request should get what it asked for. */
export function keepValues(run: Run, { values, modelId, promptTokens }: KeptValues): void {
  const { deps, asked, tried, client } = run;
  const { key, keeps } = client.cache;
  const { max_answer_chars: maxChars, ttl_ms: ttlMs } = deps.config.cache;
  if (!keeps || key === null || modelId !== tried.route.decision.primaryModelId) return;
  const content = JSON.stringify(values);
  if (content.length > maxChars) return;
  const nowMs = deps.clock.now();
  const choice = { index: 0, content, reasoning: '', refusal: '', calls: [], logprobs: [], finishReason: null };
  const answer = {
    head: { id: '', created: Math.floor(nowMs / 1000), model: modelOf(deps.config, modelId).served_name },
    choices: [choice],
  };
  const usage = { promptTokens, completionTokens: 0, cachedTokens: null, reasoningTokens: null, isEstimated: false };
  deps.answers.put(placeOf(run, key), { answer, usage, modelId, keptAtMs: nowMs }, ttlMs, asked.caller.background);
}
