/** Keeps an answer that may be given again, after its client has it. */
import { mayBeGivenAgain } from '../../core/kept/cache-policy.ts';
import type { AnswerPlace } from '../../core/kept/ports.ts';
import { clientUsage } from '../calls/book.ts';
import { isAnsweredByFallback, type Run } from '../run/run.ts';
import { isDoubted, isEscalated } from '../run/tried.ts';
import { wholeOf } from './frames.ts';

/** @param isOk the run has ended well */
export function mayKeep({ deps, tried, spent, client }: Run, isOk: boolean): boolean {
  if (!client.cache.keeps || client.servedModelId === null) return false;
  return mayBeGivenAgain(
    {
      isOk,
      state: spent.answers.at(-1)?.answer.state ?? null,
      isFallback: isAnsweredByFallback({ tried, client }),
      isEscalated: isEscalated(tried),
      isDoubtful: isDoubted(tried) && !isEscalated(tried),
      isRescued: tried.rescues.length > 0,
    },
    deps.config.cache,
  );
}

export function placeOf({ asked }: Pick<Run, 'asked'>, key: string): AnswerPlace {
  return { key, tenantId: asked.caller.key.tenantId, url: asked.caller.url };
}

/** @param isOk the run has ended well */
export function keepAnswer(run: Run, isOk: boolean): void {
  const { deps, asked, spent, client } = run;
  const state = spent.answers.at(-1)?.answer.state;
  const { cache, servedModelId } = client;
  if (cache.key === null || state === undefined || servedModelId === null || !mayKeep(run, isOk)) return;
  const kept = { answer: wholeOf(run, state), usage: clientUsage(run), modelId: servedModelId, keptAtMs: deps.clock.now() };
  deps.answers.put(placeOf(run, cache.key), kept, deps.config.cache.ttl_ms, asked.caller.background);
}
