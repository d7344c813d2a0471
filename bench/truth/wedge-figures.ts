/** Wedges and what only looks like one, in simulated time: a server's page of counters, the real reader of it, the real reducer and its probe times. */
import { between, seededRandom } from '../../infra/standin/random.ts';
import type { HealthConfig } from '../../worker/core/health/health-config.ts';
import { type HealthState, unknownHealth, upstreamOf } from '../../worker/core/health/health-state.ts';
import { nextProbeAtMs } from '../../worker/core/health/probe-schedule.ts';
import { step } from '../../worker/core/health/step.ts';
import { snapshot } from '../../worker/core/health/take-snapshot.ts';
import { vllmProbe } from '../../worker/core/upstreams/vllm-probe.ts';

export const hourMs = 3_600_000;

/** The page of a server at a moment; null: it cannot be read. */
export type Page = (atMs: number) => string | null;

export interface Counts {
  readonly running: number;
  readonly generated: number;
  readonly prompt?: number;
  readonly cache?: number;
}

export function vllmPage({ running, generated, prompt = 0, cache = 0.1 }: Counts, engine = 0): string {
  const labels = `{engine="${engine}",model_name="m"}`;
  const metrics = {
    num_requests_running: running,
    generation_tokens_total: generated,
    prompt_tokens_total: prompt,
    kv_cache_usage_perc: cache,
  };
  return Object.entries(metrics)
    .map(([name, value]) => `vllm:${name}${labels} ${value}\n`)
    .join('');
}

const instance = { modelId: 'm', upstreamId: 'u', tunnelId: 't', servedName: 'm' };

/** Probes for an hour. @param isBusy requests come all the time, so that probes are not those of an idle gateway */
export function watch(
  page: Page,
  rules: HealthConfig['rules'],
  startMs = 0,
  isBusy = true,
): readonly { atMs: number; isDown: boolean }[] {
  const config: HealthConfig = { rules, instances: [instance], chains: {} };
  const seen: { atMs: number; isDown: boolean }[] = [];
  let state: HealthState = unknownHealth;
  for (let atMs = startMs; atMs < hourMs; atMs = Math.max(atMs + 1, nextProbeAtMs(state, atMs, config))) {
    if (isBusy) state = step(state, { kind: 'snapshot_read', isolateId: 'i' }, atMs, config);
    const text = page(atMs);
    const load = text === null ? { running: null, waiting: null, kvCacheUsage: null, engines: [] } : vllmProbe.load.read(text);
    state = step(state, { kind: 'probe', upstreamId: 'u', cause: null, modelsServed: null, ...load }, atMs, config);
    seen.push({
      atMs,
      isDown: snapshot(state, atMs, config).models['m']?.status !== 'up' || upstreamOf(state, 'u').wedgedSinceMs !== null,
    });
  }
  return seen;
}

/** In how many probe periods an engine that dies at a moment of its own is found, run by run; null: not within the hour. */
export function detections(rules: HealthConfig['rules'], runs = 20): readonly (number | null)[] {
  const random = seededRandom('wedge');
  return Array.from({ length: runs }, () => {
    const diesAtMs = between(random, 60_000, 1_800_000);
    const perSecond = between(random, 1, 400);
    const running = between(random, 1, 64);
    const page: Page = (atMs) => vllmPage({ running, generated: Math.floor((Math.min(atMs, diesAtMs) * perSecond) / 1000) });
    const found = watch(page, rules, between(random, 0, 29_999)).find(({ isDown }) => isDown);
    return found === undefined ? null : (found.atMs - diesAtMs) / rules.probe_interval_ms;
  });
}

const seconds = (atMs: number): number => Math.floor(atMs / 1000);

/** What an engine that is well may look like for an hour, by what it is. */
export const wellEngines: Readonly<Record<string, { readonly page: Page; readonly isBusy?: boolean }>> = {
  'idle, seldom probed': { page: () => vllmPage({ running: 0, generated: 5 }), isBusy: false },
  idle: { page: () => vllmPage({ running: 0, generated: 5 }) },
  'long prompts of 50 s each, one behind the other, in slices': {
    page: (at) =>
      vllmPage({ running: 1, generated: seconds(at / 50), prompt: 30_000 * seconds(at / 50), cache: (seconds(at) % 50) / 60 }),
  },
  'a long prompt of 20 s in one step, then silence': {
    page: (at) => vllmPage({ running: seconds(at) % 60 < 20 ? 1 : 0, generated: seconds(at / 60), cache: 0.5 }),
  },
  'one token in ten seconds': { page: (at) => vllmPage({ running: 1, generated: Math.floor(seconds(at) / 10) }) },
  'a model that thinks and shows nothing': { page: (at) => vllmPage({ running: 1, generated: seconds(at) * 30 }) },
  'a queue without work': {
    page: () => `${vllmPage({ running: 0, generated: 5 })}vllm:num_requests_waiting{engine="0",model_name="m"} 9\n`,
  },
  'restarted every minute, its counters at 0': {
    page: (at) => vllmPage({ running: 2, generated: (seconds(at) % 60) * 50 }),
  },
  'without metrics': { page: () => null },
  'with metrics that fail every other time': {
    page: (at) => (seconds(at / 30) % 2 === 0 ? null : vllmPage({ running: 1, generated: 5 })),
  },
  'metrics of another kind': { page: () => 'process_cpu_seconds_total 7\n' },
  'counters that are missing': { page: () => 'vllm:num_requests_running{engine="0"} 3\n' },
  'two servers behind one address, in turns': {
    page: (at) =>
      seconds(at / 30) % 2 === 0
        ? vllmPage({ running: 3, generated: 700 })
        : vllmPage({ running: 3, generated: 900 + seconds(at) }),
  },
  'requests that come and go between two looks': {
    page: (at) => vllmPage({ running: 1, generated: seconds(at / 30), prompt: seconds(at / 30) * 900 }),
  },
};

/** Those of them that are taken for dead. */
export function falseAlarms(rules: HealthConfig['rules']): readonly string[] {
  return Object.entries(wellEngines)
    .filter(([, { page, isBusy = true }]) => watch(page, rules, 7, isBusy).some(({ isDown }) => isDown))
    .map(([name]) => name);
}
