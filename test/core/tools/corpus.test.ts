import { describe, expect, it } from 'vitest';
import type { UpstreamDelta } from '../../../worker/core/answer/answer-machine.ts';
import { toolFormats } from '../../../worker/core/tools/formats/registry.ts';
import { corpus, expectOutcome, finishOf, nativeDeltas, optionsOf, type Outcome, type Row, run, textDeltas } from './corpus.ts';
import { deltasIn, randomPieces, readSse, seeded, sseBytes, twoPieceCuts } from './cuts.ts';

const textRows = [...corpus].filter(([name]) => name !== 'native');
const nativeRows = corpus.get('native') ?? [];

const named = (rows: readonly Row[]) => rows.map((row) => [row.id, row.note, row] as const);

function outcomeOf(row: Row, pieces: readonly string[]): Outcome {
  return run(optionsOf(row), textDeltas(pieces), finishOf(row));
}

/** Comparing texts first: most of these tests' time would go into comparing trees. */
function expectSame(outcome: Outcome, whole: Outcome): void {
  if (JSON.stringify(outcome) !== JSON.stringify(whole)) expect(outcome).toEqual(whole);
}

describe('the registry', () => {
  it.each(Object.entries(toolFormats))('has corpus rows for %s, and the format knows its own id', (id, format) => {
    expect(format.id).toBe(id);
    expect(corpus.get(id)?.length ?? 0).toBeGreaterThanOrEqual(24);
    expect(corpus.get(id)?.every((row) => row.format === id)).toBe(true);
  });

  it('leaves no corpus file unread', () => {
    expect([...corpus.keys()].sort()).toEqual([...Object.keys(toolFormats), 'native', 'none'].sort());
  });

  it('gives every row its own id', () => {
    const ids = [...corpus.values()].flat().map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(585);
  });
});

describe.each(textRows)('%s', (_name, rows) => {
  it.each(named(rows))('%s whole: %s', (_id, _note, row) => {
    expectOutcome(row, outcomeOf(row, [row.text]));
  });

  it.each(named(rows))('%s in one-character pieces: %s', (_id, _note, row) => {
    const whole = outcomeOf(row, [row.text]);
    expect(outcomeOf(row, [...row.text])).toEqual(whole);
    expect(outcomeOf(row, row.text.split(''))).toEqual(whole);
  });

  it.each(named(rows))('%s cut in two anywhere: %s', (_id, _note, row) => {
    const whole = outcomeOf(row, [row.text]);
    for (const pieces of twoPieceCuts(row.text)) expectSame(outcomeOf(row, pieces), whole);
  });

  it.each(named(rows))('%s in random pieces: %s', (_id, _note, row) => {
    const random = seeded(row.text.length);
    const whole = outcomeOf(row, [row.text]);
    for (let round = 0; round < 20; round += 1) expectSame(outcomeOf(row, randomPieces(row.text, random)), whole);
  });

  it.each(named(rows))('%s in SSE frames cut at every byte: %s', (_id, _note, row) => {
    const pieces = randomPieces(row.text, seeded(7), 60);
    expectSameFromBytes(row, textDeltas(pieces.every((piece) => piece.isWellFormed()) ? pieces : [...row.text]));
  });
});

describe('native', () => {
  it.each(named(nativeRows))('%s delta by delta: %s', (_id, _note, row) => {
    const { deltas, finish } = nativeDeltas(row);
    expectOutcome(row, run(optionsOf(row), deltas, finish));
  });

  it.each(named(nativeRows))('%s in SSE frames cut at every byte: %s', (_id, _note, row) => {
    expectSameFromBytes(row, nativeDeltas(row).deltas);
  });

  it.each(named(nativeRows))('%s as one whole message: %s', (_id, _note, row) => {
    const { deltas, finish } = nativeDeltas(row);
    const streamed = run(optionsOf(row), deltas, finish);
    const join = (key: 'content' | 'reasoning') => deltas.map((delta) => delta[key] ?? '').join('');
    const entries = deltas.flatMap((delta) => delta.tool_calls ?? []);
    const message: UpstreamDelta = { content: join('content'), reasoning: join('reasoning'), tool_calls: entries };
    expect(run(optionsOf(row), [message], finish)).toEqual(streamed);
  });
});

/** Reads cut in two at every byte give the same deltas, and those, read byte by byte, the same answer. */
function expectSameFromBytes(row: Row, deltas: readonly UpstreamDelta[]): void {
  const bytes = sseBytes(deltas);
  const uncut = readSse([bytes]);
  for (let at = 1; at < bytes.length; at += 1) {
    const cut = readSse([bytes.subarray(0, at), bytes.subarray(at)]);
    if (cut.join('\n') !== uncut.join('\n')) expect(cut).toEqual(uncut);
  }
  const finish = row.format === 'native' ? nativeDeltas(row).finish : finishOf(row);
  const byteByByte = readSse(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1)));
  expect(byteByByte).toEqual(uncut);
  expectOutcome(row, run(optionsOf(row), deltasIn(byteByByte), finish));
}

describe('hermes, json_fenced and json_bare together, as for Qwen 2.5', () => {
  const formats = ['hermes', 'json_fenced', 'json_bare'] as const;

  it.each(formats.flatMap((format) => named(corpus.get(format) ?? [])))(
    '%s comes out as it does alone: %s',
    (_id, _note, row) => {
      const random = seeded(3);
      const options = () => optionsOf(row, { formats });
      expectOutcome(row, run(options(), textDeltas([row.text]), finishOf(row)));
      expectOutcome(row, run(options(), textDeltas([...row.text]), finishOf(row)));
      for (let round = 0; round < 10; round += 1) {
        expectOutcome(row, run(options(), textDeltas(randomPieces(row.text, random)), finishOf(row)));
      }
    },
  );
});

describe('early emission', () => {
  const rows = [...corpus].flatMap(([, group]) => group);

  it.each(named(rows))('%s shows the same calls, and at most one broken one that cannot be mistaken: %s', (_id, _note, row) => {
    const isNative = row.format === 'native';
    const { deltas, finish } = isNative ? nativeDeltas(row) : { deltas: textDeltas([...row.text]), finish: finishOf(row) };
    const outcome = run(optionsOf(row, { emission: 'early' }), deltas, finish);
    const broken = outcome.calls.filter(({ id }) => outcome.end.calls.every((call) => call.id !== id));
    if (broken.length === 0) return expectOutcome(row, outcome);

    expect(broken).toHaveLength(1);
    expect(outcome.end.isIncomplete).toBe(true);
    expect(outcome.end.finishReason).not.toBe('tool_calls');
    expect(outcome.end.calls.map(({ name }) => name)).toEqual(row.expect.tool_calls.map(({ name }) => name));
    expect(() => JSON.parse(broken[0]?.arguments ?? '') as unknown).toThrow();
    if (row.expect.incomplete === undefined) return expect(row.tag).toBe('malformed');
    expect(broken[0]?.name).toBe(row.expect.incomplete.name);
    expect(row.expect.incomplete.arguments_prefix.startsWith(broken[0]?.arguments ?? '')).toBe(true);
    return undefined;
  });

  it('shows the arguments of a hermes call while they still come in', () => {
    const row = (corpus.get('hermes') ?? []).find(({ tag }) => tag === 'single');
    if (row === undefined) throw new Error('no row');
    const calls = run(optionsOf(row, { emission: 'early' }), textDeltas([row.text.slice(0, 60)]), null).calls;
    expect(calls).toMatchObject([{ name: 'get_weather' }]);
    expect('{"city": "Paris", "unit": "celsius"}'.startsWith(calls[0]?.arguments ?? 'none')).toBe(true);
    expect(calls[0]?.arguments.length).toBeGreaterThan(3);
  });
});
