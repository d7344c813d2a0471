/** Answers that break off, each looked at by itself: what is booked is what was relayed, to within the one event that was under way. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Leaving } from '../../bench/ledger/plan.ts';
import { witness } from '../../bench/ledger/witness.ts';
import { clientIdOf } from '../../infra/standin/request-log.ts';
import { until } from '../../infra/rig/waiting.ts';
import { bodyOf, type MoneyLab, openLab, times } from './money-lab.ts';

const each = 15;
let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

describe.each([
  // It is gone on with, and the first words of a continuation may be held back and come in one event.
  ['broke off', null, 1],
  ['was left by a reset', 'reset', 1],
  // The first write after a close only provokes the reset that tells of it.
  ['was left by a close', 'close', 2],
] as const)('a stream that %s', (_, how, slack) => {
  test(`is booked with at most ${slack} events more than its client read, and never with one less`, async () => {
    const { key } = await lab.makeKey();
    const found = await Promise.all(
      times(each, async (index) => {
        const agent = `${how ?? 'broken'}.${index}`;
        const id = `relayed-${agent}`;
        const after = 1 + (index % 9);
        const leaves: Leaving | null = how === null ? null : { how, after: { events: after } };
        const text = how === null ? `[[fault:mid-reset;after=${after + 1}]]` : '';
        const body = bodyOf({ text, tokens: 60, paceMs: how === null ? 5 : 80, body: { stream: true, max_tokens: 100 } });
        const seen = await witness(lab.url, key, { id, agent, kind: 'plain', key: 0, body, idempotencyKey: null, leaves });
        await until(`${agent} is booked`, async () => (await lab.stats()).agents[agent]?.requests === 1);
        const booked = (await lab.stats()).agents[agent]?.tokens;
        const sent = lab.calls().filter((call) => clientIdOf(call.id) === id);
        const sentTokens = sent.reduce((sum, { tokensSent }) => sum + tokensSent, 0);
        return {
          agent,
          read: seen.events,
          booked: booked?.completion,
          estimated: booked?.estimated,
          total: booked?.total,
          sentTokens,
        };
      }),
    );
    expect(found.filter(({ read }) => read === 0)).toEqual([]);
    const wrong = found.filter(
      ({ read, booked = -1, sentTokens }) => booked < read || booked > Math.min(read + slack, sentTokens),
    );
    expect(wrong).toEqual([]);
    expect(found.filter(({ estimated, total }) => estimated !== total)).toEqual([]);
  });
});
