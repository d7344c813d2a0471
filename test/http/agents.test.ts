/** The agent bench on a small scale: the same seed gives the same decisions and the same costs, and every answer is one to work with. */
import { expect, inject, test } from 'vitest';
import { clientKey, connect } from '../../infra/rig/connect.ts';
import { type Arm, playArm } from '../../bench/agents/arms.ts';
import { byKind, digestOf, pricesOf, type Tiers } from '../../bench/agents/figures.ts';
import { drawWorkload, requestsOf } from '../../bench/agents/workload/draw.ts';

const gateway = connect(inject('addresses'));
const price = (input: number) => ({ input, output: input });
const tiers: Tiers = {
  ids: { small: 'qwen2.5-7b', large: 'qwen2.5-32b' },
  picoUsd: { small: price(100_000), large: price(800_000) },
};
const routed: Arm = { name: 'routed', model: 'auto' };

async function run() {
  const agents = drawWorkload({ seed: 'a', agents: 6, requests: 24, largeWeight: 1, thinkMs: 1000 });
  const plan = { agents, compression: 1000, openRate: null, onOutcome: () => undefined };
  const { outcomes } = await playArm({ url: gateway.url, key: clientKey }, routed, plan);
  return { planned: agents.flatMap(({ tasks }) => tasks).reduce((sum, task) => sum + requestsOf(task), 0), outcomes };
}

test('two runs with one seed decide alike and cost the same', async () => {
  await gateway.resetState();
  const [first, second] = [await run(), await run()];
  expect(first.outcomes.map(({ shortcoming }) => shortcoming).filter((wrong) => wrong !== null)).toEqual([]);
  expect(first.outcomes).toHaveLength(first.planned);
  expect(digestOf(second.outcomes, tiers)).toBe(digestOf(first.outcomes, tiers));
  expect(pricesOf(second.outcomes, tiers)).toEqual(pricesOf(first.outcomes, tiers));
  expect(byKind(first.outcomes, tiers).reduce((sum, { requests }) => sum + requests, 0)).toBe(first.planned);
});
