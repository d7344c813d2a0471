/** One model server refuses every connection: requests must not notice, once it is taken out they must not pay for it, and it must come back. */
import { median, figure, ms, type PromiseRow, promise } from '../promise-table.ts';
import { readAnswer } from '../client.ts';
import { type GatewayOnWorkerd, startGatewayOnWorkerd } from '../gateway-on-workerd.ts';
import { inParallel, recover, type Scenario } from './scenario.ts';

const requests = 1000;
const atATime = 8;
const maxRecoveryMs = 30_000;

interface Sample {
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
    const gateway = await startGatewayOnWorkerd({ bundle, overrides: {} });
    try {
      // Compiled code and open connections: the first hundreds of requests cost more than any that follow.
      await sample(gateway, 300);
      const healthy = await sample(gateway, requests);
      await gateway.fleet.model('small').controls.set({ down: true });
      const dead = await sample(gateway, requests);
      await gateway.fleet.model('small').controls.set({ down: false });
      const { primaryMs } = await recover(gateway, maxRecoveryMs);
      const again = primaryMs === null ? 'never' : ms(primaryMs);
      return [...rowsOf(healthy, dead), promise('back to life: in use again', again, '≤ 30 s', primaryMs !== null)];
    } finally {
      await gateway.stop();
    }
  },
};

/** So many whole answers and so many streams, mixed. */
async function sample(gateway: GatewayOnWorkerd, count: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  await inParallel(2 * count, atATime, async (index) => {
    const isStream = index % 2 === 0;
    const messages = [{ role: 'user', content: `[[tokens:12]]Name harbour number ${index}.` }];
    const answer = await gateway.chat({ model: 'small', messages, ...(isStream ? { stream: true } : {}) });
    const { isSuccess, metadata } = readAnswer(answer);
    const { fallback_used: isFallback, attempts } = metadata;
    samples.push({ isStream, isSuccess, isFallback, attempts, tookMs: answer.tookMs });
  });
  return samples;
}

function rowsOf(healthy: readonly Sample[], dead: readonly Sample[]): PromiseRow[] {
  const rows: PromiseRow[] = [];
  for (const [form, isStream] of [
    ['whole answers', false],
    ['streams not yet begun', true],
  ] as const) {
    const own = dead.filter((one) => one.isStream === isStream);
    const good = own.filter((one) => one.isSuccess && one.isFallback).length;
    // The header counts the attempt that has failed already; without one the model was out.
    const ejected = own.filter(({ attempts }) => attempts === 1);
    const before = median(healthy.filter((one) => one.isStream === isStream).map(({ tookMs }) => tookMs));
    const after = median(ejected.map(({ tookMs }) => tookMs));
    rows.push(
      promise(`${form}: answered by the other model`, `${good} of ${own.length}`, '≥ 99.9 %', good >= own.length * 0.999),
      figure(`${form}: of these met the dead model first`, own.length - ejected.length),
      figure(`${form}: p50 with both models well`, ms(before)),
      figure(`${form}: p50 once it is taken out`, ms(after)),
    );
  }
  return rows;
}
