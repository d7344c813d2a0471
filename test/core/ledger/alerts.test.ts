import { describe, expect, it } from 'vitest';
import { aggregate } from '../../../worker/core/ledger/aggregate.ts';
import { alertsOf, minJudged, untold } from '../../../worker/core/ledger/alerts.ts';
import { toStats } from '../../../worker/core/ledger/stats.ts';
import { plainEntry } from './entry.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const yesterdayMs = nowMs - 86_400_000;
const reference = {
  version: 'hybrid-1',
  counts: Array.from({ length: 20 }, () => 500),
  source: 'a test',
  as_of: '2026-11-20',
};
const watch = { escalation: { alert_rate: 0.1 }, classifier: {} };
const watching = (known: typeof reference) => ({ ...watch, classifier: { reference: known } });

/** So many judged answers, the first `escalated` of them not good enough. */
const judged = (answers: number, escalated: number, atMs = nowMs) =>
  aggregate(
    Array.from({ length: answers }, (_, at) => ({
      ...plainEntry,
      atMs,
      judged: { model: at % 2 === 0 ? 'small-model' : 'tiny-model', isEscalated: at < escalated },
    })),
  ).days ?? [];

describe('an alert of the escalation rate', () => {
  it.each([
    ['above the limit', minJudged, 6, true],
    ['at the limit', minJudged, 5, false],
    ['far above it with too few answers', minJudged - 1, 40, false],
    ['above it with many', 1000, 101, true],
    ['of nothing', 0, 0, false],
  ])('%s: %i judged, %i escalated', (_, answers, escalated, isRaised) => {
    expect(alertsOf(judged(answers, escalated), watch, nowMs)).toEqual(
      isRaised
        ? [{ code: 'escalation_rate', value: escalated / answers, limit: 0.1, window: '2026-11-21', sample: answers }]
        : [],
    );
  });

  it('follows the configured limit', () => {
    const config = { escalation: { alert_rate: 0.3 }, classifier: {} };
    expect(alertsOf(judged(100, 30), config, nowMs)).toEqual([]);
    expect(alertsOf(judged(100, 31), config, nowMs)).toMatchObject([{ value: 0.31, limit: 0.3 }]);
  });

  it('is over with its day', () => {
    expect(alertsOf(judged(100, 90, yesterdayMs), watch, nowMs)).toEqual([]);
  });
});

describe('an alert of drift', () => {
  const scored = (count: number, score: number, version = 'hybrid-1') =>
    aggregate(Array.from({ length: count }, () => ({ ...plainEntry, atMs: nowMs, scored: { version, score } }))).days ?? [];

  it('is raised against the reference of the same classifier', () => {
    expect(alertsOf(scored(500, 0.9), watching(reference), nowMs)).toMatchObject([
      { code: 'score_drift', limit: 0.25, window: '2026-11-21', sample: 500 },
    ]);
  });

  it.each([
    ['another classifier gave the scores', scored(500, 0.9, 'hybrid-2'), reference],
    ['there is no reference', scored(500, 0.9), null],
    ['there are too few requests to say', scored(100, 0.9), reference],
    ['the reference is too small to say', scored(500, 0.9), { ...reference, counts: reference.counts.map(() => 6) }],
  ])('is not, where %s', (_, days, known) => {
    expect(alertsOf(days, known === null ? watch : watching(known), nowMs)).toEqual([]);
  });

  it('stands in the statistics beside what it was read from', () => {
    const { days, alerts } = toStats({ ...aggregate([]), days: scored(500, 0.9) }, watching(reference), nowMs);
    expect(days['2026-11-21']?.scores['hybrid-1']).toMatchObject({ requests: 500, drift: { reading: 'shifted' } });
    expect(alerts).toHaveLength(1);
  });
});

describe('telling', () => {
  const alert = (window: string, code: 'escalation_rate' | 'score_drift' = 'escalation_rate') => ({
    code,
    value: 0.2,
    limit: 0.1,
    window,
    sample: 100,
  });

  it('happens once for a code and a window, however often it is looked at', () => {
    const first = untold([], [alert('2026-11-21')]);
    expect(first.fresh).toHaveLength(1);
    const again = untold(first.told, [{ ...alert('2026-11-21'), value: 0.4 }]);
    expect(again).toEqual({ told: first.told, fresh: [] });
    const gone = untold(again.told, []);
    expect(untold(gone.told, [alert('2026-11-21')]).fresh).toEqual([]);
  });

  it('happens again on the next day', () => {
    const first = untold([], [alert('2026-11-21'), alert('2026-11-21', 'score_drift')]);
    const next = untold(first.told, [alert('2026-11-22')]);
    expect(next.fresh).toEqual([alert('2026-11-22')]);
    expect(untold(next.told, [alert('2026-11-22')]).fresh).toEqual([]);
  });
});
