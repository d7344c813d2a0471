/** Traffic as a small team of agents makes it, for the pictures: mostly easy requests, some hard ones, now and then something that fails. */
import type { GatewayUnderTest, MadeKey } from '../rig/connect.ts';
import { pause } from '../rig/waiting.ts';

const hard =
  'Prove step by step and explain in detail why the algorithm terminates, then implement, analyze, optimize and refactor it.';

/** What is asked, by whom, and how often among all. */
const habits: readonly { readonly agent: string; readonly model: string; readonly content: string; readonly weight: number }[] = [
  { agent: 'support', model: 'auto', content: 'How do I change the address of my order?', weight: 30 },
  { agent: 'support', model: 'auto', content: 'Translate to French: the parcel has arrived.', weight: 16 },
  { agent: 'retriever', model: 'auto', content: 'Name the three ports nearest to Lisbon.', weight: 20 },
  { agent: 'planner', model: 'auto', content: hard, weight: 10 },
  {
    agent: 'reviewer',
    model: 'auto',
    content: 'Review this function and fix its bug: function sum(a) { return a.reduce((x, y) => x - y); }',
    weight: 12,
  },
  { agent: 'reviewer', model: 'large', content: 'Explain the difference between optimistic and pessimistic locking.', weight: 5 },
  { agent: 'retriever', model: 'auto', content: '[[fault:server-error;on=small]]Which rivers meet in Porto?', weight: 2 },
  { agent: 'support', model: 'small', content: '[[fault:server-error]]Where is my parcel?', weight: 1 },
];

/** @param random 0 to 1 */
function habitAt(random: number): (typeof habits)[number] | undefined {
  let rest = random * habits.reduce((sum, { weight }) => sum + weight, 0);
  return habits.find(({ weight }) => (rest -= weight) < 0);
}

/** Sends about `perMinute` requests a minute, more and fewer in waves, for so many minutes. */
export async function sendPictureTraffic(gateway: GatewayUnderTest, minutes: number, perMinute: number): Promise<void> {
  const keys = await makeKeys(gateway);
  const endsAt = Date.now() + minutes * 60_000;
  const fallback = habits.find(({ content }) => content.includes('on=small'));
  for (let index = 0, isOver = false; !isOver; index += 1) {
    isOver = Date.now() >= endsAt;
    // The last one falls over to another model, for the picture of one request.
    const habit = isOver ? fallback : habitAt(Math.random());
    const key = keys[index % keys.length];
    if (habit === undefined || key === undefined) continue;
    const body = { model: habit.model, stream: index % 2 === 0, messages: [{ role: 'user', content: habit.content }] };
    await (await gateway.chat(body, { 'x-agent-name': habit.agent }, { key: key.key })).text();
    const wave = 1 + 0.6 * Math.sin(Date.now() / 180_000);
    await pause(60_000 / (perMinute * wave));
  }
}

function makeKeys(gateway: GatewayUnderTest): Promise<MadeKey[]> {
  const budget = (limitUsd: number): object => ({ budgets: [{ period: 'day', limit_usd: limitUsd }] });
  return Promise.all([
    gateway.makeKey({ name: 'shop', ...budget(0.05) }),
    gateway.makeKey({ name: 'back office', ...budget(0.5) }),
    gateway.makeKey({ name: 'research' }),
  ]);
}
