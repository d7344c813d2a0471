/** Load over HTTP: the same request goes another way while one model's server is busy, says so, and comes back. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { clientKey } from '../../infra/rig/connect.ts';
import { readRouterConfig } from '../../bench/routing/router-config.ts';
import { ChatRequest } from '../../shared/chat.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';
import { classify } from '../../worker/core/classify/classify.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { ask, type ProfileGateway, startProfile } from './profile-gateway.ts';

const places = 4;
const request = {
  ...ask('Compare two ways to store sessions and explain in detail which of them is easier to operate.'),
  max_tokens: 8,
};
const { score } = classify(buildView(innerRequest(ChatRequest.parse(request))), readRouterConfig(), loadWeights());
const latency = { 'x-routing-strategy': 'latency' };

let gateway: ProfileGateway;
const busy: AbortController[] = [];

beforeAll(async () => {
  gateway = await startProfile('a40-pair', {
    models: { 'qwen2.5-7b': { max_in_flight: places }, 'qwen2.5-32b': { max_in_flight: places } },
    routing: {
      // Idle, the latency strategy's leaning puts the threshold just above the request's score.
      classifier: { threshold: score - 0.05 },
      health: { probe_interval_ms: 300, probe_interval_idle_ms: 300, snapshot_max_age_ms: 100 },
    },
  });
}, 60_000);
afterAll(() => gateway?.stop());
afterEach(() => busy.splice(0).forEach((one) => one.abort()));

/** Answers that take half a minute each, on as many of the model's places. */
async function occupy(model: 'small' | 'large', count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    const one = new AbortController();
    busy.push(one);
    await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      signal: one.signal,
      headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ...ask('[[pace:300]][[tokens:100]]Take your time.'), model, stream: true, max_tokens: 100 }),
    });
  }
}

const loadOffset = async () => {
  const { explain, decision } = await gateway.route(request, latency);
  const threshold = explain['threshold'] as { offsets: { load: number }; effective: number };
  return { tier: decision.tier, reason: decision.reason, load: threshold.offsets.load, effective: threshold.effective };
};
const untilLoad = (check: (load: number) => boolean) =>
  expect.poll(async () => check((await loadOffset()).load), { timeout: 10_000, interval: 150 }).toBe(true);

describe('one request under the latency strategy', () => {
  test('goes to the large model while the small one is busy, and back when it is not', async () => {
    expect(await loadOffset()).toMatchObject({ tier: 'small', load: 0 });
    await occupy('small', places);
    await untilLoad((load) => load <= -0.2);
    const { tier, reason, effective } = await loadOffset();
    expect(tier).toBe('large');
    expect(effective).toBeLessThan(score);
    expect(reason).toMatch(/^complexity \d\.\d\d reaches \d\.\d\d \(strategy \+0\.10, load -0\.2\d\)/);

    const answer = await gateway.chat(request, latency);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.headers.get('x-routing-metadata') ?? '{}')).toMatchObject({
      model_id: 'qwen2.5-32b',
      tier: 'large',
      strategy: 'latency',
      fallback_used: false,
      reason: expect.stringContaining('load -0.2'),
    });

    // Who counts cost, not time, is not moved by it.
    expect((await gateway.route(request, { 'x-routing-strategy': 'cost' })).explain).toMatchObject({
      threshold: { offsets: { load: 0 } },
    });

    busy.splice(0).forEach((one) => one.abort());
    await untilLoad((load) => load === 0);
    expect((await loadOffset()).tier).toBe('small');
  }, 40_000);

  test('stays where it is while both are equally busy', async () => {
    await occupy('large', places);
    await untilLoad((load) => load >= 0.2);
    expect((await loadOffset()).reason).toMatch(/is below .*load \+0\.2/);
    await occupy('small', places);
    await untilLoad((load) => Math.abs(load) < 0.1);
    expect((await loadOffset()).tier).toBe('small');
  }, 40_000);
});
