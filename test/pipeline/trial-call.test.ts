/** What tries models in turn and books them knows nothing of chat: a call of another kind, made here, goes through the same stages. */
import { expect, it } from 'vitest';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { Candidate } from '../../worker/core/route/attempt.ts';
import { chatSurface } from '../../worker/core/surfaces/chat/chat-surface.ts';
import type { UpstreamFailure } from '../../worker/core/upstreams/transport-failure.ts';
import { tryInTurn } from '../../worker/pipeline/calls/chain.ts';
import { reserve } from '../../worker/pipeline/calls/reserve.ts';
import { settle } from '../../worker/pipeline/calls/settle.ts';
import { understand } from '../../worker/pipeline/understand.ts';
import { createGateway } from '../support/fakes/gateway.ts';

interface Vectors {
  readonly kind: 'whole';
  readonly vectors: readonly number[];
}

it('a call that is no chat is tried along the plan, holds a place while it runs, and is booked once', async () => {
  const gateway = createGateway({ script: [] });
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], max_tokens: 5 });
  const valid = chatSurface.read(body, gateway.deps.config);
  if (!valid.ok) throw new Error('the body is not valid');
  const understood = await understand(gateway.deps, gateway.caller, valid.value, null);
  if (!understood.ok) throw new Error('there is no plan');
  const run = understood.value;
  expect(await reserve(run)).toBeNull();

  const called: string[] = [];
  const embed = ({ modelId }: Candidate): Promise<Result<Vectors, UpstreamFailure>> => {
    called.push(`${modelId} with ${gateway.admission.held} place`);
    const down: UpstreamFailure = { failure: { code: 'upstream_unreachable' }, cause: 'tunnel' };
    return Promise.resolve(modelId === 'qwen2.5-7b' ? fail(down) : ok({ kind: 'whole', vectors: [0.5] }));
  };
  expect(await gateway.time.runUntil(tryInTurn(run, embed))).toEqual(ok({ kind: 'whole', vectors: [0.5] }));
  expect(called).toEqual(['qwen2.5-7b with 1 place', 'qwen2.5-32b with 1 place']);
  expect(gateway.admission.held).toBe(0);

  expect(settle(run, { kind: 'ok' })).toMatchObject({ ending: 'ok', servedModel: 'qwen2.5-32b', fallbackUsed: true });
  expect(settle(run, { kind: 'failed', failure: { code: 'internal_error' } })).toBeNull();
  expect(gateway.entry()).toMatchObject({ ending: 'ok' });
});
