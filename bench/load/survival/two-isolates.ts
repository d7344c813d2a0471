/**
 * Two isolates that share the Durable Objects: the cap of a model, its queue, the leases and what is known of its health must hold for
 * both together. Each isolate may let in `optimisticPlaces` without a lease in calm times; that is the documented allowance.
 */
import { optimisticPlaces } from '../../../worker/core/admission/local-gate.ts';
import { readAnswer } from '../../../infra/rig/chat-client.ts';
import type { GatewayUnderTest } from '../../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../../infra/rig/rig.ts';
import { figure, ms, type PromiseRow, promise } from '../promise-table.ts';
import { comesTrue, inParallel, pause } from '../../../infra/rig/waiting.ts';
import type { Scenario } from './scenario.ts';

const isolates = 2;
const cap = 16;
const allowance = isolates * optimisticPlaces(cap);
const models = { 'qwen2.5-7b': { max_in_flight: cap } };
const chains = { 'qwen2.5-7b': [] };

export const twoIsolates: Scenario = {
  name: 'two-isolates',
  title: 'two isolates keep one cap, one queue and one breaker',
  async run(bundle) {
    const shared = await startRig({ on: bundle, fleet: { gate: false }, isolates, overrides: { models, routing: { chains } } });
    const rows: PromiseRow[] = [];
    try {
      rows.push(...(await burst(shared)), ...(await overload(shared)), ...(await movingLoad(shared)));
    } finally {
      await shared.stop();
    }
    const pair = await startRig({ on: bundle, fleet: { gate: false }, isolates });
    try {
      rows.push(...(await sharedBreaker(pair)));
    } finally {
      await pair.stop();
    }
    return rows;
  },
};

/** From rest: more than places and seats together, at the same moment, at both. */
async function burst(gateway: Rig): Promise<PromiseRow[]> {
  clearLogs(gateway);
  const count = 80;
  const statuses = await Promise.all(Array.from({ length: count }, (_, index) => ask(gateway.isolates[index % isolates], index)));
  const served = statuses.filter((status) => status === 200).length;
  const shed = statuses.filter((status) => status === 503).length;
  const most = mostInFlight(gateway, 0);
  const goal = cap + allowance;
  // Places, seats and the allowance; whatever frees a place during the burst lets one more in.
  const least = cap + 2 * cap;
  return [
    promise(`burst of ${count} at ${cap} places: answered or shed`, `${served} + ${shed}`, `${count}`, served + shed === count),
    promise(`burst: answered`, served, `≥ ${least}, all places and all seats`, served >= least),
    promise(`burst: most in flight at the model server`, most, `≤ ${goal}, cap and allowance`, most <= goal),
  ];
}

/** Twice what the model can take, for a while: afterwards no isolate admits optimistically. */
async function overload(gateway: Rig): Promise<PromiseRow[]> {
  clearLogs(gateway);
  const settleMs = 1000;
  const fromMs = Date.now() + settleMs;
  await inParallel(1200, 4 * cap, async (index) => {
    if ((await ask(gateway.isolates[index % isolates], index)) === 503) await pause(20);
  });
  const most = mostInFlight(gateway, fromMs);
  return [promise('overload: most in flight at the model server', most, `≤ ${cap}, the cap`, most <= cap)];
}

/** One isolate goes quiet, the other takes over: what the first held must not stay idle. */
async function movingLoad(gateway: Rig): Promise<PromiseRow[]> {
  const [first, second] = gateway.isolates;
  await pause(500);
  await inParallel(cap * 14, cap - 2, async (index) => void (await ask(first, index)));
  await pause(500);
  clearLogs(gateway);
  await inParallel(cap * 14, cap + 4, async (index) => void (await ask(second, index)));
  const most = mostInFlight(gateway, 0);
  return [promise('load moves to the other isolate: places it can use', most, `≥ ${cap - 2} of ${cap}`, most >= cap - 2)];
}

/** One isolate meets the dead model until it is out; the other must not have to find out for itself. */
async function sharedBreaker(gateway: Rig): Promise<PromiseRow[]> {
  const [first, second] = gateway.isolates;
  await Promise.all([ask(first, 0), ask(second, 0)]);
  await gateway.fleet.model('small').controls.set({ down: true });
  for (let index = 0; index < 6; index += 1) await ask(first, index);
  let met = 0;
  const learnedMs = await comesTrue(async () => {
    const attempts = await attemptsOf(second);
    met += attempts > 1 ? 1 : 0;
    await pause(50);
    return attempts === 1;
  }, 10_000);
  const learned = learnedMs === null ? 'never' : ms(learnedMs);
  return [
    promise(
      'breaker opened by one: the other leaves the model',
      learned,
      '≤ 3 s (snapshot of 2 s and a request)',
      (learnedMs ?? Infinity) <= 3000,
    ),
    figure('breaker opened by one: failures that the other met meanwhile', met),
  ];
}

async function ask(isolate: GatewayUnderTest | undefined, index: number): Promise<number> {
  if (isolate === undefined) throw new Error('no such isolate');
  const messages = [{ role: 'user', content: `[[pace:10]][[tokens:20]]Name harbour ${index}.` }];
  const answer = await isolate.open({ model: 'small', max_tokens: 60, stream: index % 2 === 0, messages }).answer;
  return answer.status === 200 && !readAnswer(answer).isSuccess ? 0 : answer.status;
}

async function attemptsOf(isolate: GatewayUnderTest | undefined): Promise<number> {
  const messages = [{ role: 'user', content: '[[tokens:8]]Name a harbour.' }];
  const answer = await isolate?.open({ model: 'small', messages }).answer;
  return answer === undefined ? 0 : readAnswer(answer).metadata.attempts;
}

function clearLogs(gateway: Rig): void {
  for (const server of Object.values(gateway.fleet.models)) server.clearLog();
}

/** The most calls at the same time, by the model server's log, among those that began at `fromMs` or later or were still open then. */
function mostInFlight(gateway: Rig, fromMs: number): number {
  const changes = gateway.calls().flatMap(({ receivedAtMs, endedAtMs }): [number, number][] => [
    [receivedAtMs, 1],
    [endedAtMs ?? Infinity, -1],
  ]);
  let [inFlight, most] = [0, 0];
  // An end and a beginning in the same millisecond are one place that changed hands.
  for (const [atMs, by] of changes.toSorted(([a, x], [b, y]) => a - b || x - y)) {
    inFlight += by;
    if (atMs >= fromMs) most = Math.max(most, inFlight);
  }
  return most;
}
