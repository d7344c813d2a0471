/**
 * A steady outage of everything, of three kinds at the same time, under the default configuration: what retries add to it, how much is
 * probed meanwhile, and how soon the primary model is in use again. And, before it: single failures, which must not show in the next request.
 */
import { readAnswer, type ReadAnswer } from '../../../infra/rig/chat-client.ts';
import { type Rig, type RigOptions, startRig } from '../../../infra/rig/rig.ts';
import { figure, ms, type PromiseRow, promise } from '../promise-table.ts';
import { pause } from '../../../infra/rig/waiting.ts';
import { recover, type Scenario } from './scenario.ts';

const perSecond = 25;
const maxUpstreamCalls = 1.2;
const maxRecoveryMs = 30_000;
/** Probes of one upstream come every `probe_interval_down_ms` (5 s), of a tunnel as a whole likewise. */
const probeIntervalMs = 5000;

interface OutageKind {
  readonly name: string;
  readonly gateway: Omit<RigOptions, 'on'>;
  begin(gateway: Rig): Promise<void>;
  end(gateway: Rig): Promise<void>;
  /** Probes sent so far; null when the server is down and cannot count them. */
  probes(gateway: Rig): number | null;
}

const setBoth = async ({ fleet }: Rig, body: { down?: boolean; fault?: string | null }): Promise<void> => {
  for (const server of Object.values(fleet.models)) await server.controls.set(body);
};

const probesSeen = ({ fleet }: Rig): number =>
  Object.values(fleet.models).reduce((sum, server) => sum + server.log().filter(({ path }) => path === '/v1/models').length, 0);

const kinds: readonly OutageKind[] = [
  {
    name: 'connections refused',
    gateway: { fleet: { gate: false } },
    begin: (gateway) => setBoth(gateway, { down: true }),
    end: (gateway) => setBoth(gateway, { down: false }),
    probes: () => null,
  },
  {
    name: 'every chat answered with 500',
    gateway: { fleet: { gate: false } },
    begin: (gateway) => setBoth(gateway, { fault: 'server-error' }),
    end: (gateway) => setBoth(gateway, { fault: null }),
    probes: probesSeen,
  },
  {
    name: 'model servers gone behind the tunnel',
    gateway: {},
    begin: (gateway) => setBoth(gateway, { down: true }),
    end: (gateway) => setBoth(gateway, { down: false }),
    probes: ({ fleet }) => (fleet.gate?.log() ?? []).filter(({ path }) => path === '/v1/models').length,
  },
];

/** Faults of one request that say nothing about the next; a 429 and a missing model do say something, and are left out. */
const singleFaults = ['reset', 'close-before-headers', 'server-error', 'garbage-body', 'bad-request', 'eof', 'mid-error'];

export function outage(seconds: number): Scenario {
  return {
    name: 'outage',
    title: `an outage of every model for ${seconds} s is not made worse, and ends by itself`,
    async run(bundle) {
      const rows = await Promise.all(
        kinds.map(async (kind) => {
          const gateway = await startRig({ on: bundle, ...kind.gateway });
          try {
            return await oneOutage(kind, gateway, seconds);
          } finally {
            await gateway.stop();
          }
        }),
      );
      return rows.flat();
    },
  };
}

async function oneOutage(kind: OutageKind, gateway: Rig, seconds: number): Promise<PromiseRow[]> {
  const disturbed = await singleFailures(gateway);
  await kind.begin(gateway);
  const [probesBefore, startedAtMs] = [kind.probes(gateway), performance.now()];
  const readings = await steadily(gateway, seconds * perSecond);
  const probesAfter = kind.probes(gateway);
  const outageMs = performance.now() - startedAtMs;
  await kind.end(gateway);
  const recovery = await recover(gateway, maxRecoveryMs);
  const calls = readings.reduce((sum, { metadata }) => sum + metadata.attempts, 0);
  const perRequest = calls / readings.length;
  const [name, rows] = [kind.name, new Array<PromiseRow>()];
  rows.push(
    promise(`${name}: requests after a single failure that it showed in`, disturbed, '0', disturbed === 0),
    promise(
      `${name}: upstream calls a request (${readings.length})`,
      perRequest.toFixed(3),
      '≤ 1.2',
      perRequest <= maxUpstreamCalls,
    ),
    promise(
      `${name}: false successes`,
      readings.filter(({ isSuccess }) => isSuccess).length,
      '0',
      readings.every((one) => !one.isSuccess),
    ),
  );
  if (probesBefore !== null && probesAfter !== null) {
    const most = 2 * (Math.ceil(outageMs / probeIntervalMs) + 1);
    rows.push(promise(`${name}: probes`, probesAfter - probesBefore, `≤ ${most}`, probesAfter - probesBefore <= most));
  }
  rows.push(
    figure(`${name}: first answer after its end`, recovery.firstMs === null ? 'never' : ms(recovery.firstMs)),
    promise(
      `${name}: primary in use again`,
      recovery.primaryMs === null ? 'never' : ms(recovery.primaryMs),
      '≤ 30 s',
      recovery.primaryMs !== null,
    ),
  );
  return rows;
}

/** Requests whose answer was not the primary model's first try, although only the request before had failed. */
async function singleFailures(gateway: Rig): Promise<number> {
  let disturbed = 0;
  for (const fault of singleFaults) {
    await ask(gateway, `[[fault:${fault};on=small;times=1]]`, fault);
    const { isSuccess, metadata } = await ask(gateway, '', `after ${fault}`);
    if (!isSuccess || metadata.fallback_used || metadata.attempts !== 1) disturbed += 1;
  }
  return disturbed;
}

/** Sends at an even pace, independent of the answers, as many clients do. */
async function steadily(gateway: Rig, count: number): Promise<ReadAnswer[]> {
  const answers: Promise<ReadAnswer>[] = [];
  for (let index = 0; index < count; index += 1) {
    answers.push(ask(gateway, '', `during ${index}`));
    await pause(1000 / perSecond);
  }
  return Promise.all(answers);
}

async function ask(gateway: Rig, directives: string, words: string): Promise<ReadAnswer> {
  const messages = [{ role: 'user', content: `${directives}[[tokens:12]]Name a harbour: ${words}.` }];
  return readAnswer(await gateway.open({ model: 'small', messages, stream: words.length % 2 === 0 }).answer);
}
