/** A short reply in a history that this gateway has not answered goes where what it answers would go, on every surface; so does a new question. */
import { describe, expect, inject, test } from 'vitest';
import { clientKey, connect, routingOf } from '../../infra/rig/connect.ts';

const gateway = connect(inject('addresses'));

const request = 'Design a rate limiter for a multi-tenant API that is fair under bursts and survives the loss of a region.';
const history = [
  { role: 'user', content: request },
  { role: 'assistant', content: 'I would do it in three phases. Shall I go ahead?' },
] as const;

const surfaces = {
  '/v1/chat/completions': (messages: readonly object[]) => ({ model: 'auto', max_tokens: 5, messages }),
  '/v1/messages': (messages: readonly object[]) => ({ model: 'auto', max_tokens: 5, messages }),
  '/v1/responses': (input: readonly object[]) => ({ model: 'auto', max_output_tokens: 16, input }),
};

const rows = Object.entries(surfaces).flatMap(([path, body]) =>
  (
    [
      ['go ahead', 'large'],
      ['mach weiter', 'large'],
      ['yes, but use TypeScript', 'large'],
      ['thanks! what is 2+2?', 'small'],
      ['ok great, thank you', 'small'],
    ] as const
  ).map(([reply, tier]) => ({ path, reply, tier, body: body([...history, { role: 'user', content: reply }]) })),
);

describe('a history from elsewhere', () => {
  test.each(rows)('$path: "$reply" goes to the $tier model', async ({ path, body, tier }) => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json', 'x-session-id': crypto.randomUUID() },
      body: JSON.stringify(body),
    });
    await response.text();
    expect([response.status, routingOf(response).tier]).toEqual([200, tier]);
  });

  test('the decision says that the reply was scored by what it answers', async () => {
    const response = await fetch(`${gateway.url}/v1/route`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(surfaces['/v1/chat/completions']([...history, { role: 'user', content: 'go ahead' }])),
    });
    const { decision, explain } = JSON.parse(await response.text());
    expect(decision.reason).toMatch(/^complexity 0\.\d\d reaches 0\.60: a short reply, scored by the request it answers, /);
    expect(explain.features.answers).toEqual(['proposal', 'request']);
  });
});
