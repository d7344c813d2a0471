/** The worked examples of docs/routing.md, read from its table and asked of `/v1/route`: a number that changed has to change there, too. */
import { readFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { describe, expect, inject, test } from 'vitest';
import { clientKey } from '../../infra/rig/connect.ts';

const { url } = inject('addresses');
const page = readFileSync(fileURLToPath(new URL('../../docs/routing.md', import.meta.url)), 'utf8');

interface Example {
  readonly message: string;
  readonly beside: string;
  readonly score: string;
  readonly threshold: string;
  readonly tier: string;
  readonly reason: string;
}

/** The rows of the table under "Worked examples". */
const examples = (page.split('## Worked examples')[1] ?? '')
  .split('\n## ')[0]
  ?.split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line): Example => {
    const [, message = '', beside = '', score = '', threshold = '', tier = '', reason = ''] = line
      .split('|')
      .map((cell) => cell.trim());
    return { message, beside, score, threshold, tier, reason };
  });

/** The setting beside a message: a header, a field of the body, or a system prompt. */
function requestOf({ message, beside }: Example): { body: Record<string, unknown>; headers: Record<string, string> } {
  const at = beside.indexOf(': ');
  const [name, value] = at < 0 ? ['', ''] : [beside.slice(0, at), beside.slice(at + 2)];
  const user = { role: 'user', content: message };
  if (name === 'system prompt') return { body: { messages: [{ role: 'system', content: value }, user] }, headers: {} };
  if (name.startsWith('x-')) return { body: { messages: [user] }, headers: { [name]: value } };
  return { body: { messages: [user], ...(name === '' ? {} : { [name]: value }) }, headers: {} };
}

/** `…` stands for any text. */
function asPattern(reason: string): RegExp {
  const parts = reason.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}

describe('a worked example', () => {
  test('is found in the page, several times', () => {
    expect(examples?.length).toBeGreaterThanOrEqual(8);
  });

  test.each(examples ?? [])('"$message", $beside: $score goes to $tier', async (example) => {
    const { body, headers } = requestOf(example);
    const response = await fetch(`${url}/v1/route`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    const { decision, explain } = JSON.parse(await response.text());
    expect({
      score: decision.score.toFixed(2),
      threshold: explain.threshold.effective.toFixed(2),
      tier: decision.tier,
    }).toEqual({ score: example.score, threshold: example.threshold, tier: example.tier });
    expect(decision.reason).toMatch(asPattern(example.reason));
  });
});
