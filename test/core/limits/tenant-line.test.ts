/** The isolate's way to a tenant's object: who asks alone waits for nobody, who asks beside others goes with them. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OrderAnswer, TenantOrder } from '../../../worker/core/limits/orders.ts';
import { TenantLine } from '../../../worker/io/tenant-line.ts';

const limits = { requestsPerMinute: null, tokensPerMinute: null, maxConcurrent: null, budgets: [] };

function admission(id: string): TenantOrder {
  const request = { id, estimatedTokens: 0, costNanoUsd: 0, cheapCostNanoUsd: null, expiresAtMs: 0 };
  return { kind: 'admit', request, limits };
}

const ending = (id: string): TenantOrder => ({
  kind: 'finish',
  settlement: { id, tokens: 0, costNanoUsd: 0 },
  booking: null,
});

const idOf = (order: TenantOrder): string => (order.kind === 'admit' ? order.request.id : order.settlement.id);
/** Answers with the request's own number, so that a wrong one is seen. */
const answerOf = (order: TenantOrder): OrderAnswer => ({ kind: 'finish', excessNanoUsd: Number(idOf(order)) });

/** An object that takes so long for each call in turn, and fails those that are said to. */
function openLine(tookMs: readonly number[], failing: ReadonlySet<number> = new Set()) {
  const calls: { readonly atMs: number; readonly orders: readonly TenantOrder[] }[] = [];
  const line = new TenantLine(
    async (text) => {
      const orders: readonly TenantOrder[] = JSON.parse(text);
      const number = calls.push({ atMs: Date.now(), orders }) - 1;
      await new Promise((resolve) => setTimeout(resolve, tookMs[number % tookMs.length]));
      if (failing.has(number)) throw new Error(`call ${number}`);
      return JSON.stringify(orders.map(answerOf));
    },
    { now: () => Date.now() },
  );
  return { line, calls };
}

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

describe('a line to a tenant', () => {
  it('lets a lone request go at once, and its ending as well', async () => {
    const { line, calls } = openLine([2]);
    for (const order of [admission('1'), ending('1')]) {
      const atMs = Date.now();
      const asked = line.ask(order);
      expect(calls.at(-1)).toMatchObject({ atMs, orders: [order] });
      await vi.advanceTimersByTimeAsync(25);
      expect(await asked).toEqual(answerOf(order));
    }
    expect([calls.length, line.isIdle]).toEqual([2, true]);
  });

  it('keeps an ending that comes shortly after a call for the next admission, and not for long', async () => {
    const { line, calls } = openLine([1]);
    void line.ask(admission('1'));
    await vi.advanceTimersByTimeAsync(5);
    void line.ask(ending('1'));
    await vi.advanceTimersByTimeAsync(5);
    expect(calls).toHaveLength(1);
    void line.ask(admission('2'));
    expect(calls.at(-1)?.orders.map(idOf)).toEqual(['1', '2']);
    await vi.advanceTimersByTimeAsync(5);
    void line.ask(ending('2'));
    await vi.advanceTimersByTimeAsync(14);
    expect(calls).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.at(-1)?.orders.map(idOf)).toEqual(['2']);
  });

  it('brings everything that was asked before somebody looks', async () => {
    const { line, calls } = openLine([3]);
    void line.ask(admission('1'));
    const waiting = [line.ask(admission('2')), line.ask(ending('1'))];
    const looked = line.flush();
    expect(calls.at(-1)?.orders.map(idOf)).toEqual(['2', '1']);
    await vi.advanceTimersByTimeAsync(3);
    await looked;
    expect(await Promise.all(waiting)).toHaveLength(2);
    expect(line.isIdle).toBe(true);
  });

  it('takes along, in their order, what comes while a call is under way, as soon as that is answered', async () => {
    const { line, calls } = openLine([4]);
    const orders = [admission('1'), ending('2'), admission('3'), ending('4')];
    const answers = Promise.all(orders.map((order) => line.ask(order)));
    await vi.advanceTimersByTimeAsync(8);
    expect(await answers).toEqual(orders.map(answerOf));
    expect(calls.map(({ orders: sent }) => sent.map(idOf))).toEqual([['1'], ['2', '3', '4']]);
  });

  it('waits no longer than a moment for a call that hangs', async () => {
    const { line, calls } = openLine([60_000, 1]);
    void line.ask(admission('1'));
    const next = Promise.all([line.ask(admission('2')), line.ask(admission('3'))]);
    await vi.advanceTimersByTimeAsync(11);
    expect((await next).map((answer) => answer.kind === 'finish' && answer.excessNanoUsd)).toEqual([2, 3]);
    expect(calls).toHaveLength(2);
  });

  it('tells everybody in a call that it failed, and goes on', async () => {
    const { line } = openLine([1], new Set([1]));
    const results = Promise.allSettled(['1', '2', '3'].map((id) => line.ask(admission(id))));
    await vi.advanceTimersByTimeAsync(5);
    expect((await results).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    const again = line.ask(admission('4'));
    await vi.advanceTimersByTimeAsync(5);
    expect(await again).toEqual(answerOf(admission('4')));
  });

  it('is not held up by a request that was to make the call and is gone', async () => {
    // A context that ends takes its timers along, and what waits for it goes on only by others.
    const { line, calls } = openLine([60_000, 1]);
    void line.ask(admission('1'));
    vi.clearAllTimers();
    void line.ask(admission('2'));
    vi.clearAllTimers();
    vi.setSystemTime(Date.now() + 200);
    const third = line.ask(admission('3'));
    await vi.advanceTimersByTimeAsync(5);
    expect(await third).toEqual(answerOf(admission('3')));
    expect(calls.at(-1)?.orders.map(idOf)).toEqual(['2', '3']);
  });

  it('sends every order once, in the order of asking, answers each with its own, and keeps no client for longer than ten milliseconds, no ending for longer than twenty', async () => {
    const step = fc.record({ afterMs: fc.nat(4), isEnding: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(20), { minLength: 1, maxLength: 8 }),
        async (steps, tookMs) => {
          const { line, calls } = openLine(tookMs);
          const askedAt = new Map<string, number>();
          const answers: Promise<OrderAnswer>[] = [];
          const orders: TenantOrder[] = [];
          for (const [index, { afterMs, isEnding }] of steps.entries()) {
            await vi.advanceTimersByTimeAsync(afterMs);
            const order = isEnding ? ending(`${index}`) : admission(`${index}`);
            orders.push(order);
            askedAt.set(`${index}`, Date.now());
            answers.push(line.ask(order));
          }
          await vi.advanceTimersByTimeAsync(200);
          expect(await Promise.all(answers)).toEqual(orders.map(answerOf));
          expect(calls.flatMap(({ orders: sent }) => sent.map(idOf))).toEqual(orders.map(idOf));
          for (const { atMs, orders: sent } of calls) {
            for (const order of sent) {
              expect(atMs - (askedAt.get(idOf(order)) ?? 0)).toBeLessThanOrEqual(order.kind === 'admit' ? 10 : 20);
            }
          }
          expect(line.isIdle).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});
