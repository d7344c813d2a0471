/** The health object inside workerd: it probes by alarm, keeps what it has learnt through evictions, and lets a model back in by itself. */
import { env, evictDurableObject, reset, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AttemptReport } from '../../worker/core/health/health-event.ts';
import type { InstanceSnapshot } from '../../worker/core/health/snapshot.ts';
import type { FailureCause } from '../../worker/core/upstreams/causes.ts';
import { edgeBindings } from './bindings.ts';
import { type FakeUpstreams, fakeUpstreams } from './fake-upstreams.ts';

const fleet = () => env.HEALTH.getByName('fleet');
const smallKey = 'qwen2.5-7b@small';

let upstreams: FakeUpstreams;

beforeEach(() => {
  upstreams = fakeUpstreams();
});

afterEach(() => reset());

async function instance(key: string): Promise<InstanceSnapshot> {
  const { instances } = await fleet().look();
  const found = instances[key];
  if (found === undefined) throw new Error(`no instance ${key}`);
  return found;
}

/** Rings the alarm as if its time had come; probes that are not due yet wait for theirs. */
async function probe(): Promise<void> {
  await fleet().look();
  expect(await runDurableObjectAlarm(fleet())).toBe(true);
}

function failure(cause: FailureCause = 'server_error'): AttemptReport {
  const facts = { modelId: 'qwen2.5-7b', upstreamId: 'small', startedAtMs: Date.now(), count: 1 };
  return { ...facts, kind: 'failure', cause, retryAfterMs: null };
}

describe('probes', () => {
  test('the first look sets the alarm, and the alarm asks every model server, by its own credentials', async () => {
    expect((await instance(smallKey)).lastProbeAtMs).toBeNull();
    await probe();
    expect(upstreams.requests.map(({ server, path }) => `${server} ${path}`).toSorted()).toEqual([
      'large /metrics',
      'large /v1/models',
      'small /metrics',
      'small /v1/models',
    ]);
    const keys: Record<string, string> = { small: edgeBindings.UPSTREAM_API_KEY, large: edgeBindings.LARGE_SERVER_CREDENTIAL };
    for (const { server, headers } of upstreams.requests) {
      expect(headers.get('authorization')).toBe(`Bearer ${keys[server]}`);
      expect(headers.get('cf-access-client-secret')).toBe(edgeBindings.ACCESS_CLIENT_SECRET);
    }
    expect(await instance(smallKey)).toMatchObject({ status: 'up', running: 3, waiting: 1 });
  });

  test('what they found survives an eviction', async () => {
    upstreams.load('small', [{ id: 'Qwen/Qwen2.5-7B-Instruct', max_model_len: 2048 }]);
    await probe();
    await evictDurableObject(fleet());
    expect(await instance(smallKey)).toMatchObject({ status: 'up', running: 3, contextTokens: 2048 });
  });

  test('a model that a call did not find is missing, through an eviction, until a list shows it', async () => {
    await fleet().exchange('isolate-a', [failure('model_missing')]);
    await evictDurableObject(fleet());
    expect(await instance(smallKey)).toMatchObject({ status: 'missing' });
    upstreams.load('small', [{ id: 'Qwen/Qwen2.5-7B-Instruct' }]);
    await probe();
    expect(await instance(smallKey)).toMatchObject({ status: 'half_open' });
  });

  test('come sooner while something is out, and an eviction does not forget them', async () => {
    await probe();
    expect((await alarmAtMs()) - Date.now()).toBeGreaterThan(20_000);
    for (let time = 0; time < 5; time += 1) await fleet().exchange('isolate-a', [failure()]);
    const soon = await alarmAtMs();
    expect(soon - Date.now()).toBeLessThanOrEqual(5000);
    await evictDurableObject(fleet());
    expect(await alarmAtMs()).toBe(soon);
  });
});

describe('reports', () => {
  test('the count of failures is not lost by an eviction in the middle', async () => {
    for (let time = 0; time < 5; time += 1) {
      await fleet().exchange('isolate-a', [failure()]);
      await evictDurableObject(fleet());
    }
    expect(await instance(smallKey)).toMatchObject({ status: 'down' });
  });
});

async function alarmAtMs(): Promise<number> {
  return (await runInDurableObject(fleet(), (_, state) => state.storage.getAlarm())) ?? Number.NaN;
}
