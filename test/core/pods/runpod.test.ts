/** The adapter of RunPod's API against its stand-in: what it makes of every answer. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PodApi, type PodServing, startPodApi } from '../../../infra/standin/pods/runpod-api.ts';
import { until } from '../../../infra/rig/waiting.ts';
import { createRunpod } from '../../../worker/io/runpod.ts';

let api: PodApi;
const states: PodServing[] = [];

beforeAll(async () => {
  api = await startPodApi({
    apiKey: 'right',
    podIds: ['pod1'],
    bootMs: 1,
    loadMs: 1,
    onState: (_, serving) => void states.push(serving),
  });
});

afterAll(() => api.close());

const control = (key = 'right', podId = 'pod1') => createRunpod({ url: api.url, podId, key });

describe('RunPod’s API', () => {
  it('tells whether a pod runs and what it costs, starts and stops it, and may be told twice', async () => {
    expect(await control().look()).toEqual({ ok: true, value: { isRunning: true, usdPerHour: 0.44 } });
    expect(await control().tell('stop')).toEqual({ ok: true, value: null });
    expect(await control().tell('stop')).toMatchObject({ ok: true });
    expect(await control().look()).toMatchObject({ value: { isRunning: false } });
    expect(await control().tell('start')).toMatchObject({ ok: true });
    expect(await control().tell('start')).toMatchObject({ ok: true });
    await until('its servers answer', () => states.at(-1) === 'serving');
    expect(states.slice(-2)).toEqual(['loading', 'serving']);
  });

  it.each([
    ['too many calls, with the time to wait', 'limited', { kind: 'limited', retryAfterMs: 1000 }],
    ['a failure of its own', 'broken', { kind: 'failed', retryAfterMs: null }],
    ['that no GPU is free, which it says under status 500', 'no_gpu', { kind: 'no_gpu', retryAfterMs: null }],
  ] as const)('tells %s', async (_, fault, failure) => {
    api.fail('start', fault, 1);
    expect(await control().tell('start')).toEqual({ ok: false, failure });
  });

  it('refuses a wrong key, and knows no other pod', async () => {
    expect(await control('wrong').look()).toMatchObject({ failure: { kind: 'refused' } });
    expect(await control('right', 'pod2').look()).toMatchObject({ failure: { kind: 'gone' } });
  });

  it('is a failure where nobody listens', async () => {
    const nobody = createRunpod({ url: 'http://127.0.0.1:9', podId: 'pod1', key: 'right' });
    expect(await nobody.tell('start')).toMatchObject({ failure: { kind: 'failed' } });
  });
});
