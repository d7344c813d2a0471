/** The header that names a trace, the tree that stages make, and its form for a collector. */
import { describe, expect, it } from 'vitest';
import { otlpBody } from '../../../worker/core/trace/otlp.ts';
import { type FinishedTrace, openTrace, type Trace } from '../../../worker/core/trace/trace.ts';
import { readTraceparent, writeTraceparent } from '../../../worker/core/trace/trace-context.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';

function traceWith(header: string | null = null) {
  let [nowMs, ids] = [1000, 0];
  const finished: FinishedTrace[] = [];
  const mirrored: string[] = [];
  const trace: Trace = openTrace({
    parent: readTraceparent(header),
    clock: { now: () => (nowMs += 1) },
    newTraceId: () => 'f'.repeat(32),
    newSpanId: () => String((ids += 1)).padStart(16, '0'),
    platform: (name) => ({
      setAttribute: (key, value) => mirrored.push(`${name} ${key}=${value}`),
      end: () => mirrored.push(`${name} ends`),
    }),
    finished: (one) => finished.push(one),
  });
  return { trace, finished, mirrored };
}

/** `parent > name` of each span. */
function treeOf({ spans }: FinishedTrace): string[] {
  const nameOf = new Map(spans.map(({ id, name }) => [id, name]));
  return spans.map(({ parentId, name }) => `${nameOf.get(parentId ?? '') ?? ''} > ${name}`);
}

const root = { name: 'chat a', attributes: { 'pointsman.ending': 'ok' }, isError: false };

describe('traceparent', () => {
  it.each([
    [`00-${traceId}-${spanId}-01`, true],
    [`00-${traceId}-${spanId}-00`, false],
    [`00-${traceId}-${spanId}-03`, true],
    [`01-${traceId}-${spanId}-01`, true],
    [`01-${traceId}-${spanId}-01-what-comes-later`, true],
  ])('%s is read', (header, isSampled) => expect(readTraceparent(header)).toEqual({ traceId, spanId, isSampled }));

  it.each([
    null,
    '',
    `00-${traceId}-${spanId}`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `ff-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    ` 00-${traceId}-${spanId}-01`,
    `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
  ])('%j is none', (header) => expect(readTraceparent(header)).toBeNull());

  it('is written as it was read', () => {
    const header = `00-${traceId}-${spanId}-01`;
    const context = readTraceparent(header);
    expect(context === null ? null : writeTraceparent(context)).toBe(header);
  });
});

describe('a trace', () => {
  it('makes a tree of stages: each ends what stands beside or below it', () => {
    const { trace, finished } = traceWith();
    for (const stage of [
      'auth',
      'attempts',
      'place',
      'call',
      'judge',
      'place',
      'call',
      'answer',
      'rescue',
      'place',
      'call',
      'settle',
    ] as const) {
      trace.enter(stage);
    }
    trace.end(root);
    expect(finished.map(treeOf)).toEqual([
      [
        ' > chat a',
        'chat a > auth',
        'chat a > attempts',
        'attempts > place',
        'attempts > call',
        'call > judge',
        'attempts > place',
        'attempts > call',
        'chat a > answer',
        'answer > rescue',
        'rescue > place',
        'rescue > call',
        'chat a > settle',
      ],
    ]);
    for (const { startMs, endMs } of finished[0]?.spans ?? []) expect(endMs).toBeGreaterThan(startMs);
  });

  it('goes on from the caller’s span, and its calls from theirs', () => {
    const { trace, finished } = traceWith(`00-${traceId}-${spanId}-01`);
    trace.enter('call');
    const here = trace.here();
    trace.end(root);
    expect(here).toMatchObject({ traceId, isSampled: true });
    expect(finished[0]?.spans.find(({ name }) => name === 'call')?.id).toBe(here.spanId);
    expect(finished[0]?.spans[0]).toMatchObject({ parentId: spanId, kind: 'server' });
  });

  it('that the caller does not record is passed on and not sent', () => {
    const { trace, finished } = traceWith(`00-${traceId}-${spanId}-00`);
    trace.enter('call');
    expect(writeTraceparent(trace.here())).toMatch(new RegExp(`^00-${traceId}-(?!${spanId})[0-9a-f]{16}-00$`));
    trace.end(root);
    expect(finished).toEqual([]);
  });

  it('ends once, and what comes later changes nothing', () => {
    const { trace, finished } = traceWith();
    trace.end(root);
    trace.enter('shadow');
    trace.end({ ...root, name: 'again' });
    expect(finished.map(treeOf)).toEqual([[' > chat a']]);
  });

  it('does not grow without bound', () => {
    const { trace, finished } = traceWith();
    for (let time = 0; time < 1000; time += 1) trace.enter('call');
    trace.end(root);
    expect(finished[0]?.spans).toHaveLength(201);
  });

  it('is shown to the platform span by span', () => {
    const { trace, mirrored } = traceWith();
    trace.enter('call', { 'pointsman.model': 'a', 'error.type': null });
    trace.end(root);
    expect(mirrored).toEqual(['call pointsman.model=a', 'call ends', 'request pointsman.ending=ok', 'request ends']);
  });

  it('is OTLP in JSON: ids in hex, times and integers as text, what is not known left out', () => {
    const { trace, finished } = traceWith();
    trace.enter('call', { a: 'text', b: 5, c: 0.5, d: true, e: null });
    trace.note('call', { 'error.type': 'reset' });
    trace.end(root);
    expect(JSON.parse(otlpBody(finished, { 'service.name': 'pointsman' }))).toEqual({
      resourceSpans: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'pointsman' } }] },
          scopeSpans: [
            {
              scope: { name: 'pointsman' },
              spans: [
                expect.objectContaining({ traceId: 'f'.repeat(32), spanId: `${'0'.repeat(15)}1`, kind: 2, status: {} }),
                {
                  traceId: 'f'.repeat(32),
                  spanId: `${'0'.repeat(15)}2`,
                  parentSpanId: `${'0'.repeat(15)}1`,
                  name: 'call',
                  kind: 3,
                  startTimeUnixNano: '1002000000',
                  endTimeUnixNano: '1003000000',
                  attributes: [
                    { key: 'a', value: { stringValue: 'text' } },
                    { key: 'b', value: { intValue: '5' } },
                    { key: 'c', value: { doubleValue: 0.5 } },
                    { key: 'd', value: { boolValue: true } },
                    { key: 'error.type', value: { stringValue: 'reset' } },
                  ],
                  status: { code: 2 },
                },
              ],
            },
          ],
        },
      ],
    });
  });
});
