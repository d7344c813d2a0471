/** The page that Prometheus reads: exact against the ledger's totals, blind to names from outside, and right in both formats. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noPrometheus, promtool } from '../../../infra/prometheus/tools.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';
import { bucketOf, histogramOf } from '../../../worker/core/ledger/histogram.ts';
import { toStats } from '../../../worker/core/ledger/stats.ts';
import { metrics } from '../../../worker/core/metrics/catalog.ts';
import { exposition, formatFor } from '../../../worker/core/metrics/exposition.ts';
import type { Metric } from '../../../worker/core/metrics/metric.ts';
import { entryArbitrary, plainEntry } from '../ledger/entry.ts';
import { config, samplesIn, sourceOf } from './source.ts';

const small = { ...plainEntry, servedModel: 'qwen2.5-7b', routedModel: 'qwen2.5-7b', primaryModel: 'qwen2.5-7b' };
const page = (entries: Parameters<typeof sourceOf>[0], format: 'text' | 'openMetrics' = 'text') =>
  exposition(metrics, sourceOf(entries), format);
const entries = fc.array(entryArbitrary(fc.constantFrom(null, 'planner', 'x"\n\\', '__proto__')), { maxLength: 40 });
const sumOf = (samples: ReadonlyMap<string, number>, name: string, having = '') =>
  [...samples]
    .filter(([sample]) => (sample === name || sample.startsWith(`${name}{`)) && sample.includes(having))
    .reduce((sum, [, value]) => sum + value, 0);

describe('the page', () => {
  it('has the sums that /stats has, whatever happened', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const source = sourceOf(list);
        const stats = toStats(source.total, config.routing, source.nowMs);
        const samples = samplesIn(exposition(metrics, source, 'text'));
        expect(sumOf(samples, 'agent_router_requests_total')).toBe(stats.totals.requests);
        expect(sumOf(samples, 'agent_router_requests_total', 'status="ok"')).toBe(stats.totals.succeeded);
        expect(sumOf(samples, 'agent_router_model_requests_total')).toBe(stats.totals.requests);
        expect(sumOf(samples, 'agent_router_latency_seconds_count')).toBe(stats.latency_ms.count);
        expect(sumOf(samples, 'pointsman_time_to_first_token_seconds_count')).toBe(stats.first_byte_ms.count);
        expect(sumOf(samples, 'pointsman_tokens_total', 'kind="prompt"')).toBe(stats.totals.tokens.prompt);
        expect(sumOf(samples, 'pointsman_tokens_total', 'kind="completion"')).toBe(stats.totals.tokens.completion);
        expect(Math.round(sumOf(samples, 'pointsman_cost_usd_total') * 1e9)).toBe(stats.totals.cost_nano_usd);
        expect(sumOf(samples, 'agent_router_errors_total')).toBe(total(stats.error_types));
        expect(sumOf(samples, 'agent_router_intent_classification_total')).toBe(total(stats.intent_bands));
        expect(sumOf(samples, 'agent_router_fallback_requests_total')).toBe(total(stats.fallback_paths));
        expect(sumOf(samples, 'pointsman_agent_requests_total')).toBe(stats.totals.requests);
        expect(sumOf(samples, 'pointsman_escalations_total')).toBe(stats.escalations.count);
        expect(sumOf(samples, 'pointsman_rescues_total')).toBe(stats.rescues);
      }),
      { numRuns: 60 },
    );
  });

  it('has one line for each sample', () => {
    fc.assert(
      fc.property(entries, (list) => {
        const names = page(list)
          .split('\n')
          .filter((line) => line !== '' && !line.startsWith('#'))
          .map((line) => line.slice(0, line.lastIndexOf(' ')));
        expect(new Set(names).size).toBe(names.length);
      }),
      { numRuns: 30 },
    );
  });

  it('has no series more for 2,000 invented models, agents and keys', () => {
    const before = [...samplesIn(page([small])).keys()];
    const invented = Array.from({ length: 2_000 }, (_, at) => {
      const name = `x${at}"},{\n`;
      return {
        ...small,
        agent: name,
        keyId: name,
        servedModel: name,
        routedModel: name,
        primaryModel: name,
        requestedModel: name,
      };
    });
    const after = samplesIn(page([small, ...invented]));
    expect([...after.keys()]).toEqual(before);
    expect(after.get('agent_router_model_requests_total{model="other"}')).toBe(2_000);
    expect(after.get('pointsman_agent_requests_total{agent="other"}')).toBe(2_000);
  });

  it('begins at 0 for what is told apart by few words', () => {
    const samples = samplesIn(page([]));
    expect(samples.get('agent_router_requests_total{model="qwen2.5-7b",intent="code",status="ok"}')).toBe(0);
    expect(samples.get('agent_router_latency_seconds_count{model="qwen2.5-7b",intent="code"}')).toBe(0);
    expect(samples.get('pointsman_refused_total{code="invalid_api_key"}')).toBe(0);
  });

  it('reads pace from whole streams: per token after the first', () => {
    const stream = { ...small, isStream: true, firstByteMs: 100, latencyMs: 180 };
    const samples = samplesIn(
      page([stream, { ...stream, ending: 'timeout', errorType: 'api_error' }, { ...stream, isStream: false }]),
    );
    expect(samples.get('pointsman_time_per_output_token_seconds_count{model="qwen2.5-7b"}')).toBe(1);
    expect(samples.get('pointsman_time_per_output_token_seconds_sum{model="qwen2.5-7b"}')).toBe(0.02);
    expect(samples.get('pointsman_stream_duration_seconds_count{model="qwen2.5-7b"}')).toBe(2);
  });

  it('says how many of the requests for a model another one answered', () => {
    const fell = {
      ...small,
      servedModel: 'qwen2.5-32b',
      fallbackUsed: true,
      fallback: { from: 'qwen2.5-7b', to: 'qwen2.5-32b' },
    };
    const samples = samplesIn(page([small, small, small, fell]));
    expect(samples.get('agent_router_fallback_rate{model="qwen2.5-7b"}')).toBe(0.25);
    expect(samples.get('agent_router_fallback_requests_total{from_model="qwen2.5-7b",to_model="qwen2.5-32b"}')).toBe(1);
  });
});

describe('bounds of histograms', () => {
  const bounds = metrics.flatMap((metric) => (metric.type === 'histogram' ? [metric] : []));

  it.each(bounds)('of $name count exactly the durations up to them', (metric) => {
    const edges = new Set(metric.buckets.flatMap((bucket) => [bucket - 1, bucket, bucket + 1]).map((bucket) => 1.05 ** bucket));
    const durations = [...edges].flatMap((edge) => [Math.floor(edge), Math.ceil(edge), Math.floor(edge) + 1, 0]);
    const probe: Metric = { ...metric, labels: [], read: () => [[[], histogramOf(durations)]] };
    const samples = samplesIn(exposition([probe], sourceOf([]), 'text'));
    expect(samples.size).toBe(metric.buckets.length + 3);
    for (const [sample, inside] of samples) {
      const [, le] = /le="([^"]+)"/.exec(sample) ?? [];
      if (le === undefined || le === '+Inf') continue;
      expect(inside).toBe(durations.filter((durationMs) => durationMs / 1000 <= Number(le)).length);
    }
  });

  it.each(bounds)('of $name grow', ({ buckets }) => {
    expect(buckets).toEqual([...new Set(buckets)].toSorted((a, b) => a - b));
  });

  it('lie where the seed had them, within a bucket', () => {
    expect(bounds[0]?.buckets).toEqual(expect.arrayContaining([100, 500, 1000, 5000, 10_000, 60_000].map(bucketOf)));
  });
});

describe('the format', () => {
  it.each([
    [null, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/plain', 'text'],
    ['text/html,*/*;q=0.1', 'text'],
    ['application/openmetrics-text', 'openMetrics'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openMetrics'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openMetrics',
    ],
    ['application/openmetrics-text;version=0.0.1,text/plain;version=0.0.4;q=0.5', 'text'],
    ['application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.9', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
  ] as const)('for accept %j is %s', (accept, format) => expect(formatFor(accept)).toBe(format));

  it('escapes what would break a line', () => {
    const odd = configOdd();
    const text = exposition([odd], sourceOf([]), 'text');
    expect(text).toBe('# HELP odd_total a "b" \\\\ c\\nd\n# TYPE odd_total counter\nodd_total 1\n');
    expect(exposition([odd], sourceOf([]), 'openMetrics')).toBe(
      '# HELP odd a \\"b\\" \\\\ c\\nd\n# TYPE odd counter\nodd_total 1\n# EOF\n',
    );
  });

  it('has the same samples either way', () => {
    const list = fc.sample(entryArbitrary(fc.constant('planner')), { numRuns: 50, seed: 7 });
    expect([...samplesIn(page(list, 'openMetrics'))]).toEqual([...samplesIn(page(list))]);
  });

  it.skipIf(noPrometheus !== null)('is what promtool takes without a complaint', () => {
    const list = fc.sample(entryArbitrary(fc.constant('planner')), { numRuns: 200, seed: 7 });
    const good = promtool(['check', 'metrics'], page(list));
    expect(good).toEqual({ isGood: true, output: '' });
    expect(promtool(['check', 'metrics'], `${page(list)}1bad 5\n`).isGood).toBe(false);
  });
});

describe('docs/metrics.md', () => {
  const rows = [...readRepoFile('docs/metrics.md').matchAll(/^\| `([a-z_]+)` \| (\w+) \| ([^|]*) \|/gm)];
  const named = rows.map(([, name = '', type = '', labels = '']) => [
    name,
    type,
    [...labels.matchAll(/`([a-z_]+)`/g)].map(([, label = '']) => label),
  ]);

  it('lists every metric with its type and labels, and no other', () => {
    expect(named).toEqual(
      metrics.map(({ name, type, labels }) => [type === 'counter' ? `${name}_total` : name, type, [...labels]]),
    );
  });
});

function configOdd(): Metric {
  return { type: 'counter', name: 'odd', help: 'a "b" \\ c\nd', labels: [], read: () => [[[], 1]] };
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
