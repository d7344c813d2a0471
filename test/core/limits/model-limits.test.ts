import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelLimit } from '../../../worker/core/limits/model-limits.ts';
import { leaseMs } from '../../../worker/core/limits/heartbeat.ts';
import type { ReserveRequest, PlannedModel } from '../../../worker/core/limits/reserve.ts';
import { hasLimits, type TenantLimits } from '../../../worker/core/limits/tenant-limits.ts';
import { admit, emptyShelf, extend, finish, fold, openIds, reload, type Shelf, sweep } from './shelf.ts';

const nowMs = Date.parse('2026-11-20T12:00:00Z');
const noLimit = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null };
const limit = (modelId: string, changes: Partial<ModelLimit>): ModelLimit => ({ modelId, ...noLimit, ...changes });
const limitsOf = (...models: ModelLimit[]): TenantLimits => ({ ...noLimit, models, budgets: [] });

/** A plan as the router makes it: any of its models may answer first. */
const routed: readonly PlannedModel[] = [
  { modelId: 'large', isSmall: false, mayLead: true },
  { modelId: 'small', isSmall: true, mayLead: true },
];
/** The client named the large model; the small one only stands in for it. */
const named: readonly PlannedModel[] = routed.map((model) => ({ ...model, mayLead: model.modelId === 'large' }));

const request = (id: string, models = named, changes: Partial<ReserveRequest> = {}): ReserveRequest => ({
  id,
  estimatedTokens: 100,
  costNanoUsd: 100,
  cheapCostNanoUsd: 10,
  expiresAtMs: nowMs + 330_000,
  models,
  ...changes,
});

interface Sent {
  readonly state: Shelf;
  /** The model that each was counted for, `free` for one without limit, or why it was refused. */
  readonly outcomes: string[];
}

function send(count: number, limits: TenantLimits, models = named, state = emptyShelf, atMs = nowMs): Sent {
  const outcomes: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = `${atMs}-${index}`;
    const step = admit(state, request(id, models), atMs, limits);
    state = step.state;
    const [counted = 'free'] = heldBy(state, id);
    outcomes.push(step.result.ok ? counted : step.result.failure.code);
  }
  return { state, outcomes };
}

function heldBy(state: Shelf, id: string): string[] {
  return (state.state.open.get(id)?.models ?? []).map(({ modelId }) => modelId);
}

const count = (outcomes: readonly string[], wanted: string) => outcomes.filter((outcome) => outcome === wanted).length;

describe('a model that the client named', () => {
  it.each([
    ['requests per minute', { requestsPerMinute: 5 }, 5, 'rate_limit_exceeded'],
    ['tokens per minute', { tokensPerMinute: 750 }, 7, 'rate_limit_exceeded'],
    ['concurrency', { maxConcurrent: 4 }, 4, 'concurrency_limit_exceeded'],
  ] as const)('stops exactly at its %s', (_, changes, passed, code) => {
    const { outcomes } = send(100, limitsOf(limit('large', changes)));
    expect([count(outcomes, 'large'), count(outcomes, code)]).toEqual([passed, 100 - passed]);
  });

  it('opens again with the next window, and with the next free place', () => {
    const limits = limitsOf(limit('large', { requestsPerMinute: 5 }));
    const { state } = send(5, limits);
    expect(send(5, limits, named, state, nowMs + 59_999).outcomes).toEqual(Array(5).fill('rate_limit_exceeded'));
    expect(send(6, limits, named, state, nowMs + 60_000).outcomes).toEqual([...Array(5).fill('large'), 'rate_limit_exceeded']);
    const crowded = limitsOf(limit('large', { maxConcurrent: 1 }));
    const one = send(1, crowded).state;
    const freed = finish(one, { id: `${nowMs}-0`, tokens: 1, costNanoUsd: 0 }).state;
    expect(send(1, crowded, named, one, nowMs + 1).outcomes).toEqual(['concurrency_limit_exceeded']);
    expect(send(1, crowded, named, freed, nowMs + 1).outcomes).toEqual(['large']);
  });

  it('is named in the refusal, with the wait until its own window ends', () => {
    const limits = limitsOf(limit('large', { requestsPerMinute: 1, tokensPerMinute: 500 }));
    const refused = admit(send(1, limits).state, request('x'), nowMs + 20_000, limits);
    expect(refused.result).toEqual({
      ok: false,
      failure: {
        code: 'rate_limit_exceeded',
        detail: 'The limit of requests per minute for large is reached.',
        retryAfterMs: 40_000,
      },
    });
    const hopeless = admit(emptyShelf, request('x', named, { estimatedTokens: 501 }), nowMs, limits);
    expect(hopeless.result).toMatchObject({
      failure: {
        code: 'request_exceeds_limit',
        detail: expect.stringContaining('more tokens than the limit per minute for large'),
      },
    });
  });

  it('refuses without taking anything, from the key neither', () => {
    const limits = { ...limitsOf(limit('large', { requestsPerMinute: 1 })), requestsPerMinute: 10, maxConcurrent: 10 };
    const { state } = send(1, limits);
    expect(admit(state, request('x'), nowMs, limits).state).toBe(state);
  });

  it('does not touch another model’s limit', () => {
    const limits = limitsOf(limit('large', { requestsPerMinute: 1 }), limit('small', { requestsPerMinute: 1 }));
    const small = routed.filter(({ modelId }) => modelId === 'small');
    const { state } = send(1, limits);
    expect(send(2, limits, small, state, nowMs + 1).outcomes).toEqual(['small', 'rate_limit_exceeded']);
  });
});

describe('a request that leaves the choice to the router', () => {
  it('goes to the next model when the first is used up, and says which are closed', () => {
    const limits = limitsOf(limit('large', { requestsPerMinute: 2 }));
    const { state, outcomes } = send(4, limits, routed);
    expect(outcomes).toEqual(['large', 'large', 'free', 'free']);
    expect(admit(state, request('x', routed), nowMs, limits).result).toMatchObject({ value: { closedModels: ['large'] } });
  });

  it('closes a model that only stands in, too', () => {
    const limits = limitsOf(limit('large', { maxConcurrent: 1 }));
    const { state } = send(1, limits);
    const small = routed.toReversed();
    expect(admit(state, request('x', small), nowMs, limits).result).toMatchObject({ value: { closedModels: ['large'] } });
    expect(admit(emptyShelf, request('x', small), nowMs, limits).result).toMatchObject({ value: { closedModels: [] } });
  });

  it('is refused when all are used up, with the shortest wait', () => {
    const limits = limitsOf(limit('large', { requestsPerMinute: 1 }), limit('small', { requestsPerMinute: 1 }));
    const first = send(1, limits, routed).state;
    const both = send(1, limits, routed, first, nowMs + 10_000).state;
    expect(admit(both, request('x', routed), nowMs + 20_000, limits).result).toMatchObject({
      failure: { detail: 'The limit of requests per minute for large is reached.', retryAfterMs: 40_000 },
    });
  });

  it('is counted for the small model where a budget leaves only that', () => {
    const budgets = [{ name: 'key', period: 'day', limitNanoUsd: 50, whenExhausted: 'cheap_tier' }] as const;
    const limits = { ...limitsOf(limit('large', { requestsPerMinute: 1 }), limit('small', { requestsPerMinute: 1 })), budgets };
    expect(send(2, limits, routed).outcomes).toEqual(['small', 'rate_limit_exceeded']);
    // Also where the client named the large one: the budget's policy decides.
    expect(send(2, limits, named).outcomes).toEqual(['small', 'rate_limit_exceeded']);
  });
});

describe('a repeat of an admission', () => {
  it('takes nothing, and leaves open only what was counted', () => {
    const limits = limitsOf(limit('large', { requestsPerMinute: 5 }), limit('small', { requestsPerMinute: 5 }));
    const first = admit(emptyShelf, request('a', routed), nowMs, limits);
    const again = admit(first.state, request('a', routed), nowMs, limits);
    expect(again.state).toBe(first.state);
    expect(again.result).toMatchObject({ value: { closedModels: ['small'], mustFinish: true } });
  });
});

describe('a further call of an admitted request', () => {
  const limits = limitsOf(limit('large', { requestsPerMinute: 2, maxConcurrent: 1 }));
  const further = (id: string) => ({ id, extraCostNanoUsd: 0, modelId: 'large', estimatedTokens: 100 });
  const small = routed.toReversed();

  it('takes a place of the model it goes to, once, and gives it back with the ending', () => {
    const admitted = admit(emptyShelf, request('a', small), nowMs, limits).state;
    const called = extend(admitted, further('a'), nowMs, limits);
    expect([called.result.ok, heldBy(called.state, 'a')]).toEqual([true, ['large']]);
    expect(extend(called.state, further('a'), nowMs, limits).state).toBe(called.state);
    expect(send(1, limits, named, called.state).outcomes).toEqual(['concurrency_limit_exceeded']);
    const ended = finish(called.state, { id: 'a', tokens: 1, costNanoUsd: 0 }).state;
    expect(send(2, limits, named, ended, nowMs + 1).outcomes).toEqual(['large', 'concurrency_limit_exceeded']);
  });

  it('is refused where the model has no room, and for a request that holds nothing any more', () => {
    const taken = admit(send(1, limits).state, request('a', small), nowMs, limits).state;
    const refused = extend(taken, further('a'), nowMs, limits);
    expect(refused.result).toMatchObject({ failure: { detail: 'No place is free for large.' } });
    expect(refused.state).toBe(taken);
    expect(extend(emptyShelf, further('gone'), nowMs, limits).result.ok).toBe(false);
  });

  it('is free to a model without a limit', () => {
    const taken = send(1, limits).state;
    expect(extend(taken, { ...further('x'), modelId: 'small' }, nowMs, limits)).toMatchObject({ result: { ok: true } });
  });
});

describe('tokens of a model', () => {
  const limits = limitsOf(limit('large', { tokensPerMinute: 1000 }), limit('small', { tokensPerMinute: 1000 }));
  const tokensOf = ({ state: { sums } }: Shelf, modelId: string) =>
    sums.models.find((use) => use.modelId === modelId)?.window.tokens;
  const { state } = send(3, limits);
  const ended = { id: `${nowMs}-0`, tokens: 30, costNanoUsd: 0 };

  it.each([
    [
      'the calls’ own',
      [
        ['large', 20],
        ['small', 5],
        ['large', 5],
      ] as const,
      225,
    ],
    ['none, where it was never called', [['small', 30]] as const, 200],
    ['the estimate, where nobody knows', undefined, 300],
  ])('are settled by %s', (_, modelTokens, left) => {
    const done = finish(state, modelTokens === undefined ? ended : { ...ended, modelTokens }).state;
    expect(tokensOf(done, 'large')).toBe(left);
    expect(finish(done, { ...ended, modelTokens: [] }).state.state.sums.models).toEqual(done.state.sums.models);
  });

  it('are given back to the window that they were taken from, or not at all', () => {
    const next = send(1, limits, named, state, nowMs + 60_000).state;
    expect(tokensOf(finish(next, { ...ended, modelTokens: [['large', 1]] }).state, 'large')).toBe(100);
  });

  it('stay counted for a request whose ending nobody reported; its place is free', () => {
    const swept = sweep(state, nowMs + leaseMs);
    expect([swept.orphans.length, openIds(swept.state), tokensOf(swept.state, 'large')]).toEqual([3, [], 300]);
  });
});

it('a key with limits of models alone asks, and must report the ending', () => {
  const limits = limitsOf(limit('large', { requestsPerMinute: 1 }));
  expect([hasLimits(limits), hasLimits(limitsOf())]).toEqual([true, false]);
  expect(admit(emptyShelf, request('a'), nowMs, limits).result).toMatchObject({ value: { mustFinish: true } });
});

describe('a life of random requests', () => {
  it('passes no limit of any model, whatever they fall back to, and holds nothing when all have ended', () => {
    const limits = limitsOf(
      limit('large', { requestsPerMinute: 4, tokensPerMinute: 700, maxConcurrent: 2 }),
      limit('small', { requestsPerMinute: 6, maxConcurrent: 3 }),
    );
    const step = fc.record({
      kind: fc.constantFrom('admit', 'admit', 'call', 'finish', 'wait', 'sweep', 'fold'),
      plan: fc.constantFrom(named, routed, routed.toReversed()),
      size: fc.nat(300),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        let state = emptyShelf;
        let clockMs = nowMs;
        const taken: { modelId: string; atMs: number; tokens: number; id: string }[] = [];
        const running = new Map<string, { expiresAtMs: number; tokens: number }>();
        const note = (id: string, before: Shelf, tokens: number) => {
          const known = heldBy(before, id);
          for (const modelId of heldBy(state, id))
            if (!known.includes(modelId)) taken.push({ modelId, atMs: clockMs, tokens, id });
        };
        const end = (id: string, tokens: number) => {
          const used = heldBy(state, id).map((modelId) => [modelId, tokens] as const);
          state = finish(state, { id, tokens, modelTokens: used, costNanoUsd: 0 }).state;
          for (const entry of taken) if (entry.id === id) entry.tokens = tokens;
          running.delete(id);
        };
        steps.forEach(({ kind, plan, size }, index) => {
          const [first] = running.keys();
          const before = state;
          if (kind === 'admit') {
            const expiresAtMs = clockMs + 10_000;
            const id = `r${index}`;
            const next = admit(state, request(id, plan, { estimatedTokens: size, expiresAtMs }), clockMs, limits);
            state = next.state;
            note(id, before, size);
            if (next.result.ok) running.set(id, { expiresAtMs, tokens: size });
          } else if (kind === 'call' && first !== undefined) {
            const tokens = running.get(first)?.tokens ?? 0;
            const modelId = plan[0]?.modelId ?? '';
            state = extend(state, { id: first, extraCostNanoUsd: 0, modelId, estimatedTokens: tokens }, clockMs, limits).state;
            note(first, before, tokens);
          } else if (kind === 'finish' && first !== undefined) end(first, Math.floor((running.get(first)?.tokens ?? 0) / 2));
          else if (kind === 'wait') clockMs += size * 60;
          else if (kind === 'fold') state = fold(state);
          else if (kind === 'sweep') {
            const swept = sweep(state, clockMs);
            state = swept.state;
            for (const id of swept.orphans) running.delete(id);
          }
          state = reload(state, clockMs);
          for (const { modelId, requestsPerMinute, tokensPerMinute, maxConcurrent } of limits.models ?? []) {
            const use = state.state.sums.models.find((known) => known.modelId === modelId);
            const startMs = use?.window.startMs ?? clockMs;
            const inWindow = taken.filter((entry) => entry.modelId === modelId && entry.atMs >= startMs);
            expect(inWindow.length).toBeLessThanOrEqual(requestsPerMinute ?? 0);
            const tokens = inWindow.reduce((sum, entry) => sum + entry.tokens, 0);
            if (tokensPerMinute !== null) expect(tokens).toBeLessThanOrEqual(tokensPerMinute);
            const live = [...state.state.open.values()].filter(
              ({ id, untilMs }) => untilMs > clockMs && heldBy(state, id).includes(modelId),
            );
            expect(live.length).toBeLessThanOrEqual(maxConcurrent ?? 0);
          }
        });
        for (const id of running.keys()) end(id, 0);
        expect(openIds(sweep(state, clockMs + 10_001).state)).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
