/** One model server refuses every connection: requests must not notice, once it is taken out they must not pay for it, and it must come back. */
import { median, figure, ms, type PromiseRow, promise } from '../promise-table.ts';
import { readAnswer } from '../../../infra/rig/chat-client.ts';
import { type Rig, startRig } from '../../../infra/rig/rig.ts';
import { inParallel } from '../../../infra/rig/waiting.ts';
import { recover, type Scenario } from './scenario.ts';

const requests = 1000;
const warmUps = 100;
/** Few enough that no request queues: latency, not throughput. */
const atATime = 2;
const maxRecoveryMs = 30_000;

interface Sample {
  readonly isOfDead: boolean;
  readonly isStream: boolean;
  readonly isSuccess: boolean;
  readonly isFallback: boolean;
  readonly attempts: number;
  readonly tookMs: number;
}

export const oneModelDead: Scenario = {
  name: 'one-model-dead',
  title: 'a dead model is hidden by the other one, before and after it is taken out',
  async run(bundle) {
    // A second gateway, whose models are well, is asked in between: what disturbs the machine disturbs both.
    const gateway = await startRig({ on: bundle, fleet: { gate: false } });
    const well = await startRig({ on: bundle, fleet: { gate: false } });
    const { controls } = gateway.fleet.model('small');
    try {
      // Compiled code and open connections: the first requests cost more than any that follow.
      await sample(gateway, well, warmUps);
      await controls.set({ down: true });
      const samples = await sample(gateway, well, requests);
      await controls.set({ down: false });
      const { primaryMs } = await recover(gateway, maxRecoveryMs);
      const again = primaryMs === null ? 'never' : ms(primaryMs);
      return [...rowsOf(samples), promise('back to life: in use again', again, '≤ 30 s', primaryMs !== null)];
    } finally {
      await gateway.stop();
      await well.stop();
    }
  },
};

/** So many whole answers and so many streams of each gateway, mixed: both are equally busy. */
async function sample(gateway: Rig, well: Rig, count: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  await inParallel(4 * count, atATime, async (index) => {
    const [isOfDead, isStream] = [index % 2 === 0, index % 4 < 2];
    const messages = [{ role: 'user', content: `[[tokens:12]]Name harbour number ${index}.` }];
    const answer = await (isOfDead ? gateway : well).open({ model: 'small', messages, ...(isStream ? { stream: true } : {}) })
      .answer;
    const { isSuccess, metadata } = readAnswer(answer);
    const { fallback_used: isFallback, attempts } = metadata;
    samples.push({ isOfDead, isStream, isSuccess, isFallback, attempts, tookMs: answer.tookMs });
  });
  return samples;
}

function rowsOf(samples: readonly Sample[]): PromiseRow[] {
  const rows: PromiseRow[] = [];
  for (const [form, isStream] of [
    ['whole answers', false],
    ['streams not yet begun', true],
  ] as const) {
    const own = samples.filter((one) => one.isOfDead && one.isStream === isStream);
    const others = samples.filter((one) => !one.isOfDead && one.isStream === isStream);
    const good = own.filter((one) => one.isSuccess && one.isFallback).length;
    // The header counts the attempt that has failed already; without one the model was out.
    const ejected = own.filter(({ attempts }) => attempts === 1);
    rows.push(
      promise(`${form}: answered by the other model`, `${good} of ${own.length}`, '≥ 99.9 %', good >= own.length * 0.999),
      figure(`${form}: of these met the dead model first`, own.length - ejected.length),
      figure(`${form}: p50 where both models are well`, ms(median(others.map(({ tookMs }) => tookMs)))),
      figure(`${form}: p50 once the dead one is taken out`, ms(median(ejected.map(({ tookMs }) => tookMs)))),
    );
  }
  return rows;
}
