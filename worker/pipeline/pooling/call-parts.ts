/**
 * All calls of one request. Its parts run side by side and each finds an instance of the model for itself; parts of two models would make no
 * answer, so where one part fails on every instance, the next model of the chain answers all of them.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { type FailureCause, ruleOf } from '../../core/upstreams/causes.ts';
import { tryInTurn } from '../calls/chain.ts';
import { openPart } from './open-part.ts';
import { mostAtOnce, partOf, type PooledRun, slicesFor } from './pooled-run.ts';

/** What a model has said of every input, in their order. */
export interface PooledAnswer {
  /** As the server wrote them: see `PoolingAnswer`. */
  readonly values: readonly string[];
  readonly modelId: string;
}

interface Broken {
  readonly failure: Failure;
  /** Of the last call; null where none was made. */
  readonly cause: FailureCause | null;
}

export async function callParts(pooled: PooledRun): Promise<Result<PooledAnswer, Failure>> {
  const { tried, client } = pooled.run;
  const modelIds = [...new Set(tried.route.plan.candidates.map(({ modelId }) => modelId))];
  let failure: Failure = { code: 'no_upstream' };
  for (const modelId of modelIds) {
    const answer = await callModel(pooled, modelId);
    if (answer.ok) return answer;
    failure = answer.failure.failure;
    client.servedModelId = null;
    dropParts(pooled);
    const { cause } = answer.failure;
    if (client.isGone || cause === null || ruleOf(cause).elsewhere === 'never') break;
  }
  return fail(failure);
}

/** What the model has answered is paid for, and part of no answer. */
function dropParts({ run: { spent } }: PooledRun): void {
  const dropped = spent.counted.map((call) => ({ ...call, isPartOfAnswer: false }));
  spent.counted.splice(0, dropped.length, ...dropped);
}

async function callModel(pooled: PooledRun, modelId: string): Promise<Result<PooledAnswer, Broken>> {
  const { run, tokens } = pooled;
  const slices = slicesFor(tokens, modelOf(run.deps.config, modelId));
  const parts = slices.map((slice) => partOf(pooled, slice, modelId));
  const values: (readonly string[])[] = [];
  let broken: Broken | null = null;
  // A client that leaves ends all that is in flight.
  run.tried.current = { abort: () => parts.forEach((part) => part.run.tried.current?.abort()) };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let number = next; number < parts.length && broken === null && !run.client.isGone; number = next) {
      next += 1;
      const part = parts[number];
      if (part === undefined) return;
      const result = await callPart(pooled, part);
      if (result.ok) values[number] = result.value;
      else broken ??= result.failure;
    }
  };
  // What others have begun is waited for: their servers are at work, and it is booked as they count it.
  await Promise.all(Array.from({ length: Math.min(mostAtOnce, parts.length) }, lane));
  run.tried.current = null;
  if (run.client.isGone) return fail({ failure: { code: 'client_closed_request' }, cause: null });
  return broken === null ? ok({ values: values.flat(), modelId }) : fail(broken);
}

/** What the part tries and spends is the request's. */
async function callPart({ run }: PooledRun, part: PooledRun): Promise<Result<readonly string[], Broken>> {
  const { tried, spent } = part.run;
  const billedBefore = spent.counted.length;
  const result = await tryInTurn(part.run, (candidate) => openPart(run, part, candidate));
  run.spent.counted.push(...spent.counted.slice(billedBefore));
  run.tried.withheld.push(...tried.withheld);
  run.tried.outcomes.push(...tried.outcomes.filter(({ isOk }) => !isOk));
  if (result.ok) return ok(result.value.answer.values);
  const last = tried.outcomes.at(-1);
  return fail({ failure: result.failure, cause: last === undefined || last.isOk ? null : last.cause });
}
