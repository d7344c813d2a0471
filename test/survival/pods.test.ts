/** A pod that is stopped while nobody needs it, over real HTTP: the gateway in workerd, two isolates, a stand-in of the provider's API. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { PodReport } from '../../shared/observed.ts';
import { type PodRig, standInPodId, startPodRig } from '../../infra/rig/pod-rig.ts';
import { until } from '../../infra/rig/waiting.ts';

let stand: PodRig;

beforeAll(async () => {
  stand = await startPodRig({ on: inject('bundle'), isolates: 2 });
});

afterAll(() => stand.stop());

const body = (text: string, stream = false) => ({ model: 'small', stream, messages: [{ role: 'user', content: text }] });
const pod = async (): Promise<PodReport> => {
  const list: { pods: PodReport[] } = JSON.parse(await (await stand.rig.admin('GET', '/admin/pods')).text());
  const [only] = list.pods;
  if (only === undefined) throw new Error('no pod');
  return only;
};
const stopped = () =>
  until(
    'the idle pod is stopped',
    async () => stand.api.statusOf(standInPodId) === 'EXITED' && (await pod()).phase === 'stopped',
    20_000,
  );
const running = () => until('the pod runs', async () => (await pod()).phase === 'running', 20_000);
const callsOf = (verb: string): number =>
  stand.api.calls.filter(({ path, status }) => path.endsWith(`/${verb}`) && status === 200).length;

test('an idle pod is stopped, which is no failure; twenty requests over two isolates start it once and all get their answers', async () => {
  await (await stand.rig.chat(body('Hello'))).text();
  await stopped();
  const health = await stand.rig.health();
  expect([health.status, health.models['qwen2.5-7b']?.status, health.tunnels['main']?.status]).toEqual([
    'healthy',
    'stopped',
    'up',
  ]);
  expect(health.models['qwen2.5-7b']?.instances.map(({ consecutive_failures: failures }) => failures)).toEqual([0]);
  expect((await stand.rig.get('/readyz')).status).toBe(200);

  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const gateway = stand.rig.isolates[i % 2] ?? stand.rig;
      const response = await gateway.chat(body(`Question ${i}`, i % 4 < 2));
      return { status: response.status, text: await response.text() };
    }),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  const streams = answers.filter(({ text }) => text.includes('data: '));
  expect(streams.every(({ text }) => text.includes('[DONE]') && /^: queued, position \d+$/m.test(text))).toBe(true);
  expect(callsOf('start')).toBe(1);
  const report = await pod();
  expect(report).toMatchObject({ wakes: 1, trouble: null, usd_per_hour: 0.44 });
  const told = await (await stand.rig.get('/metrics')).text();
  expect(told).toMatch(/^pointsman_pod_wakes_total\{pod="a40"\} 1$/m);
  expect(told).toMatch(/^pointsman_pod_phase\{pod="a40",phase="\w+"\} 1$/m);
  expect(told).toMatch(/^pointsman_pod_up_seconds_total\{pod="a40"\} [\d.]+$/m);
  expect(Math.abs(report.up_hours * 3_600_000 - stand.api.upMs(standInPodId))).toBeLessThan(20_000);
});

test('a stream that is open for longer than the idle time is neither cut nor lost its pod', async () => {
  const response = await stand.rig.chat(body('[[tokens:60]][[pace:80]]Go on for a while', true));
  const text = await response.text();
  expect(text).toContain('[DONE]');
  expect(stand.api.statusOf(standInPodId)).toBe('RUNNING');
});

test('the provider’s API may fail: a start is tried again, and the request has its answer', async () => {
  await stopped();
  stand.api.fail('start', 'limited', 1);
  stand.api.fail('start', 'broken', 1);
  const response = await stand.rig.chat(body('Hello'));
  expect({ status: response.status, text: await response.text() }).toMatchObject({ status: 200 });
});

test('by hand it is stopped and stays so until it is started by hand', async () => {
  expect((await stand.rig.admin('POST', '/admin/pods/a40/stop')).status).toBe(202);
  await stopped();
  const response = await stand.rig.chat(body('Hello'));
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '300']);
  await stand.rig.admin('POST', '/admin/pods/a40/start');
  await running();
  expect((await stand.rig.admin('POST', '/admin/pods/none/start')).status).toBe(404);
});

test('a pod that somebody else stopped is started by the next request', async () => {
  const before = callsOf('start');
  stand.api.byConsole(standInPodId, 'stop');
  await until('it is noticed', async () => (await pod()).phase === 'stopped', 20_000);
  const response = await stand.rig.chat(body('Hello'));
  expect([response.status, callsOf('start') - before]).toEqual([200, 1]);
});
