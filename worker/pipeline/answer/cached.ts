/**
 * A request that was answered before, or is being answered for somebody else of its tenant, gets that answer, rendered as it asks for, without
 * a call of its own. Requests that the policy leaves alone cost nothing here.
 */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { cacheKeyText } from '../../core/kept/cache-key.ts';
import { type CacheUse, cacheUse, readCacheControl } from '../../core/kept/cache-policy.ts';
import type { Run } from '../run/run.ts';
import { placeOf } from './keep-answer.ts';
import { joinFlight, readFlight } from './flight.ts';
import { type Given, giveKept, isUsable } from './give.ts';

const longText = 8192;

/** Null: run. Otherwise the answer, or why there is none. */
export function lookUp(run: Run): Result<Given | null, Failure> | Promise<Result<Given | null, Failure>> {
  const isLeftAlone = !run.deps.config.cache.enabled && run.asked.caller.cacheControl === null;
  return isLeftAlone ? ok(null) : lookUpAnswer(run);
}

async function lookUpAnswer(run: Run): Promise<Result<Given | null, Failure>> {
  const { deps, asked } = run;
  const { cacheControl, idempotency, key: caller } = asked.caller;
  const wish = readCacheControl(cacheControl);
  const use = cacheUse(deps.config.cache, asked.request, {
    wish,
    isIdempotent: idempotency !== null,
    isKeyExcluded: caller.mayUseCache === false,
    isInExperiment: asked.arm !== null,
  });
  const key = await keyOf(run, use);
  const found = key === null || !use.reads ? null : await deps.answers.get(placeOf(run, key));
  if (found !== null && isUsable(run, found, use.maxAgeMs)) return giveKept(run, found);
  if (!wish.isOnlyIfCached) return key === null ? ok(null) : joinFlight(run, key, use);
  const kept = key === null ? null : await readFlight(run, key, use);
  return kept === null ? fail({ code: 'not_cached' }) : giveKept(run, kept);
}

async function keyOf(run: Run, use: CacheUse): Promise<string | null> {
  const { deps, asked, tried, client } = run;
  const { primaryModelId, strategy } = tried.route.decision;
  if ((!use.keeps && !use.shares) || primaryModelId === null) return null;
  const { tenantId } = asked.caller.key;
  const scope = { tenantId, modelId: primaryModelId, strategy, isJudged: tried.judges };
  const text = cacheKeyText(asked.request, scope, deps.config);
  // A hit in the isolate's memory is spared the digest; a long text is not held twice.
  const key = text.length > longText ? await deps.digest(text) : text;
  client.cache = { state: 'miss', ageMs: null, level: null, key, keeps: use.keeps };
  return key;
}
