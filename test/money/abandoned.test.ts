/** Abandoned work: the key's budget pays for what its model servers did, whichever side cancelled it, and the ledger says the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawChat, openRaw } from '../../infra/rig/raw-client.ts';
import { pause, until } from '../../infra/rig/waiting.ts';
import { type Asked, bodyOf, type MadeKey, type MoneyLab, openLab } from './money-lab.ts';

let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

const keyOf = (): Promise<MadeKey> => lab.makeKey({ budgets: [{ period: 'day', limit_usd: 1 }] });
/** The large model's prices, in nano-USD a token. */
const largeNanoUsd = 800;
/** Of a prompt that no server reported the gateway books what it estimates: `npm run eval:tokens` prints how near that is. */
const leastEstimated = 0.9;

async function leave(key: string, asked: Asked, afterMs: number): Promise<void> {
  const calls = lab.calls().length;
  const connection = await openRaw(lab.url);
  connection.socket.write(rawChat(key, JSON.stringify(bodyOf(asked))));
  await until('a model server has it', async () => lab.calls().length > calls);
  await pause(afterMs);
  connection.socket.resetAndDestroy();
}

describe('a client that resets before the first token, again and again', () => {
  test.each([
    ['a stream', true, 0],
    ['a whole answer', false, 10],
  ])(
    '%s: each call is booked with its prompt, and with the time it ran where tokens could not be seen',
    async (_, stream, tokens) => {
      const { id, key } = await keyOf();
      const asked = { text: '[[fault:slow-first-event;ms=1400]]', paceMs: 20, body: { model: 'large', stream, max_tokens: 100 } };
      for (let time = 0; time < 3; time += 1) await leave(key, asked, 400);
      const { spentNanoUsd } = await lab.settled(id);
      expect(spentNanoUsd).toBe(await lab.booked(id, 3));
      const prompts = lab
        .calls()
        .slice(-3)
        .reduce((sum, { usage }) => sum + (usage?.promptTokens ?? 0), 0);
      expect(prompts).toBeGreaterThan(0);
      expect(spentNanoUsd).toBeGreaterThanOrEqual((leastEstimated * prompts + 3 * tokens) * largeNanoUsd);
      expect((await lab.stats()).keys[id]?.tokens.estimated).toBe((await lab.stats()).keys[id]?.tokens.total);
    },
  );
});

test('a whole answer that does not come in time is booked with the time that its servers had for it', async () => {
  const { id, key } = await keyOf();
  const response = await lab.ask(key, { text: '[[fault:never-answers]]', body: { max_tokens: 12 } });
  expect(response.status).toBe(504);
  await response.text();
  const { spentNanoUsd } = await lab.settled(id);
  expect(spentNanoUsd).toBe(await lab.booked(id, 1));
  const tokens = (await lab.stats()).keys[id]?.tokens;
  // Few enough to be asked for as plain JSON, which cannot be watched: twelve at each of the two models that were asked.
  expect(tokens?.completion).toBeGreaterThanOrEqual(24);
  expect(lab.output()).not.toContain('reservation_too_small');
});
