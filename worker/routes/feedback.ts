/**
 * `POST /v1/feedback`: a client's rating of an answer. Counted for the arm and model of an experiment, and as an outcome where the deployment
 * learns from its own traffic. One per request: a later one replaces it.
 */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { clientIdPattern } from '../../shared/headers.ts';
import { outcomeId } from '../core/learn/ports.ts';
import { parseJsonObject } from '../core/validate/json-object.ts';
import type { Deps } from '../deps.ts';
import { readJsonText } from '../middleware/body.ts';
import type { AppEnv } from '../middleware/context.ts';

/** What a rating needs is kept while the answer's last bytes go out: a client that rates at once may be there before it. */
const lookAgainMs = 300;

/** Body: `{"request_id": "…", "score": 0..1}`. */
export function feedback(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { limits } = deps.pipeline.config;
    const body = parseJsonObject(await readJsonText(c, limits, deps.pipeline.timers), limits);
    if (!body.ok) throw new GatewayError(body.failure);
    const { request_id: requestId, score } = body.value;
    if (typeof requestId !== 'string' || !clientIdPattern.test(requestId)) {
      throw new GatewayError({
        code: requestId === undefined ? 'missing_field' : 'invalid_value',
        param: 'request_id',
        detail: 'The x-request-id of the answer.',
      });
    }
    if (typeof score !== 'number' || !(score >= 0 && score <= 1)) {
      throw new GatewayError({
        code: score === undefined ? 'missing_field' : 'invalid_value',
        param: 'score',
        detail: 'A number from 0 to 1.',
      });
    }
    const { sessions, learning, ledger, newId, timers } = deps.pipeline;
    const keyId = c.get('key').id;
    const rate = () =>
      Promise.all([
        sessions.rateArm(keyId, requestId, score, newId()),
        learning?.rate(outcomeId(keyId, requestId), score) ?? null,
      ]);
    let [arm, outcome] = await rate();
    if (arm === null && outcome === null) {
      await new Promise<void>((resolve) => timers.once(lookAgainMs, resolve));
      [arm, outcome] = await rate();
    }
    const known = arm ?? outcome;
    if (known === null) {
      throw new GatewayError({
        code: 'not_found',
        param: 'request_id',
        sentence: 'No answer within the last day that can be rated has this id.',
      });
    }
    const { before } = known;
    const names = [...(arm === null ? [] : [arm.arm]), `model:${known.modelId}`];
    ledger.feedback(names, { score, before }, (work) => c.executionCtx.waitUntil(work));
    return c.json({
      counted: true,
      replaced: before !== null,
      arm: arm?.arm ?? null,
      model_id: known.modelId,
      learned_from: outcome !== null,
    });
  };
}
