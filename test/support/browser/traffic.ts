/** Requests of every sort, so that every panel has something to show. */
import { until } from '../../../infra/rig/waiting.ts';
import { gateway } from './visit.ts';

const hard =
  'Prove step by step and explain in detail why the algorithm terminates, then implement, analyze, optimize and refactor it.';

const rounds = 4;

/** Returns when the statistics have all of it. */
export async function sendTraffic(): Promise<void> {
  const before = (await gateway.stats()).totals;
  const ask = async (model: string, content: string, more: object = {}, headers: Readonly<Record<string, string>> = {}) => {
    const body = { model, messages: [{ role: 'user', content }], max_tokens: 40, ...more };
    await (await gateway.chat(body, headers)).text();
  };
  for (let round = 0; round < rounds; round += 1) {
    await ask('auto', 'Name a harbour.', {}, { 'x-agent-name': 'planner' });
    await ask('auto', hard, { stream: true }, { 'x-agent-name': 'writer' });
    await ask('small', 'Name a lake.', { stream: true });
  }
  // One that another model has to answer, one that fails, and two that are turned away.
  await ask('auto', '[[fault:server-error;on=small]]Name a river.', {}, { 'x-agent-name': 'planner' });
  await ask('small', '[[fault:server-error]]Name a hill.');
  await gateway.chat({ model: 'auto', messages: [] }).then((response) => response.text());
  await gateway
    .chat({ model: 'auto', messages: [{ role: 'user', content: 'Hi' }] }, {}, { key: 'no-such-key' })
    .then((response) => response.text());
  await until('the statistics have it', async () => {
    const { requests, refused } = (await gateway.stats()).totals;
    return requests >= before.requests + rounds * 3 + 2 && refused >= before.refused + 2;
  });
}
