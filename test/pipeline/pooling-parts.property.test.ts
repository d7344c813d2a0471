/** Whatever is split, whenever parts come back and whichever calls fail first: the answer is that of one call. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { UpstreamAnswer } from '../../worker/core/ports.ts';
import { pool } from '../../worker/pipeline/pooling/pool.ts';
import { createGateway } from '../support/fakes/gateway.ts';

const model = 'bge-small-en';

function answerOf(text: string): UpstreamAnswer {
  return {
    status: 200,
    mediaType: 'application/json',
    retryAfter: null,
    retryAfterExact: null,
    contentLength: null,
    body: null,
    readText: async () => text,
  };
}

/** A server that answers every input with its number, after as long as `delays` say, but refuses the calls at these places. */
function gatewayOn(maxInputs: number, delays: readonly number[], refused: ReadonlySet<number>) {
  const seen = { calls: 0, waiting: 0, most: 0, tokens: 0 };
  const retry = { max_attempts: 5, attempts_per_model: 5 };
  const gateway = createGateway({
    script: [],
    present: ['embedder'],
    config: {
      models: { [model]: { batch: { max_inputs: maxInputs } } },
      routing: { retry, health: { breaker: { enabled: false } } },
    },
    change: (deps) => ({
      ...deps,
      upstream: {
        async open({ body }) {
          const at = (seen.calls += 1) - 1;
          seen.waiting += 1;
          seen.most = Math.max(seen.most, seen.waiting);
          await new Promise<void>((resolve) => deps.timers.once(delays[at % delays.length] ?? 1, resolve));
          seen.waiting -= 1;
          if (refused.has(at)) return { ok: false, failure: { code: 'upstream_unreachable' } };
          const { input }: { input: string[] } = JSON.parse(body ?? '');
          seen.tokens += input.length;
          const data = input.map((text, index) => ({ index, embedding: [Number(text)] }));
          return {
            ok: true,
            value: answerOf(JSON.stringify({ data: data.toReversed(), usage: { prompt_tokens: input.length } })),
          };
        },
      },
    }),
  });
  return { gateway, seen };
}

it('splitting and joining change nothing, and every input is paid once', async () => {
  const cases = fc.record({
    count: fc.integer({ min: 1, max: 120 }),
    maxInputs: fc.integer({ min: 1, max: 30 }),
    delays: fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 9 }),
    refused: fc.uniqueArray(fc.integer({ min: 0, max: 40 }), { maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ count, maxInputs, delays, refused }) => {
      const { gateway, seen } = gatewayOn(maxInputs, delays, new Set(refused));
      const inputs = Array.from({ length: count }, (_, i) => String(i));
      const task = { kind: 'embedding', inputs, encoding: 'float', dimensions: null, truncateTokens: null } as const;
      const asked = pool(gateway.deps, gateway.caller, { model, task, ignored: [], labels: null, text: '' });
      const pooled = await gateway.time.runUntil(asked);
      expect(pooled.ok && pooled.value.values).toEqual(inputs.map((text) => `[${text}]`));
      expect(seen.most).toBeLessThanOrEqual(6);
      expect(seen.tokens).toBe(count);
      expect(gateway.entry()).toMatchObject({ ending: 'ok', costNanoUsd: count * 20 });
    }),
    { numRuns: 60 },
  );
});
