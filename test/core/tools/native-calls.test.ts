import { describe, expect, it } from 'vitest';
import type { AnswerMachineOptions, UpstreamDelta } from '../../../worker/core/answer/answer-machine.ts';
import { createAnswerMachine } from '../../../worker/core/answer/answer-machine.ts';
import { counter, run } from './corpus.ts';

function options(others: Partial<AnswerMachineOptions> = {}): AnswerMachineOptions {
  return {
    formats: [],
    tools: [{ name: 'a' }, { name: 'b' }],
    toolChoice: 'auto',
    allowsParallelCalls: true,
    reasoning: 'none',
    emission: 'atomic',
    maxArgumentsBytes: 1000,
    newCallId: counter(),
    ...others,
  };
}

/** One delta per list of entries; an entry is `[index, id, name, arguments]`, undefined left out. */
type Entry = readonly [unknown, unknown, unknown, unknown];
function deltas(...groups: readonly (readonly Entry[])[]): UpstreamDelta[] {
  return groups.map((group) => ({
    tool_calls: group.map(([index, id, name, args]) => ({
      ...(index !== undefined && { index }),
      ...(id !== undefined && { id }),
      type: 'function',
      function: { ...(name !== undefined && { name }), ...(args !== undefined && { arguments: args }) },
    })),
  }));
}

const u = undefined;

describe.each(['atomic', 'early'] as const)('native tool_calls, %s', (emission) => {
  it.each<[string, UpstreamDelta[], [string, string, string][]]>([
    [
      'takes a missing index for the next call',
      deltas([[u, 'x', 'a', '{}']], [[u, 'y', 'b', '{"k":1}']]),
      [
        ['x', 'a', '{}'],
        ['y', 'b', '{"k":1}'],
      ],
    ],
    [
      'appends fragments without index to the last call',
      deltas([[u, 'x', 'a', '']], [[u, u, u, '{"k"']], [[u, u, u, ':1}']]),
      [['x', 'a', '{"k":1}']],
    ],
    [
      'knows a call without index by its id',
      deltas([[u, 'x', 'a', '{"k"']], [[u, 'x', 'a', ':1}']], [[u, 'y', 'a', '{}']]),
      [
        ['x', 'a', '{"k":1}'],
        ['y', 'a', '{}'],
      ],
    ],
    [
      'renumbers from 0 when the server starts at 1',
      deltas([[1, 'x', 'a', '{}']], [[2, 'y', 'b', '{}']]),
      [
        ['x', 'a', '{}'],
        ['y', 'b', '{}'],
      ],
    ],
    [
      'never uses an absurd index as a position',
      deltas([[-1, 'x', 'a', '{}']], [[2 ** 32, 'y', 'b', '{"k":']], [[2 ** 32, u, u, '2}']]),
      [
        ['x', 'a', '{}'],
        ['y', 'b', '{"k":2}'],
      ],
    ],
    [
      'joins two entries for one index in one delta',
      deltas([
        [0, 'x', 'a', u],
        [0, u, u, '{"k": 1}'],
        [1, 'y', 'b', u],
        [1, u, u, '{}'],
      ]),
      [
        ['x', 'a', '{"k": 1}'],
        ['y', 'b', '{}'],
      ],
    ],
    [
      'keeps the first id and name when they are repeated',
      deltas([[0, 'x', 'a', '']], [[0, 'x', 'a', '{"k"']], [[0, 'other', 'a', ':1}']]),
      [['x', 'a', '{"k":1}']],
    ],
    [
      'waits for an id and a name that come late',
      deltas([[0, u, u, u]], [[0, 'x', 'a', u]], [[0, u, u, '{}']]),
      [['x', 'a', '{}']],
    ],
    ['keeps arguments that come before the name', deltas([[0, 'x', u, '{"k":']], [[0, u, 'a', '1}']]), [['x', 'a', '{"k":1}']]],
    [
      'gives an id where there is none',
      deltas([[0, '', 'a', '{}']], [[1, null, 'b', '{}']]),
      [
        ['call_1', 'a', '{}'],
        ['call_2', 'b', '{}'],
      ],
    ],
    [
      'gives another id where two calls have the same',
      deltas([[0, 'x', 'a', '{}']], [[1, 'x', 'b', '{}']]),
      [
        ['x', 'a', '{}'],
        ['call_1', 'b', '{}'],
      ],
    ],
    ['serialises arguments that are an object', deltas([[0, 'x', 'a', { k: [1, 'é'] }]]), [['x', 'a', '{"k":[1,"é"]}']]],
    [
      'makes {} of no arguments at all',
      deltas([[0, 'x', 'a', u]], [[1, 'y', 'b', ' ']]),
      [
        ['x', 'a', '{}'],
        ['y', 'b', '{}'],
      ],
    ],
    [
      'opens another call when a complete one is followed by a new id and name under its index',
      deltas([[0, 'x', 'a', '{}']], [[0, 'y', 'b', '{"k":1}']]),
      [
        ['x', 'a', '{}'],
        ['y', 'b', '{"k":1}'],
      ],
    ],
    [
      'ignores a repetition of the whole call',
      deltas([[0, 'x', 'a', '{"k":1}']], [[0, 'x', 'a', '{"k":1}']]),
      [['x', 'a', '{"k":1}']],
    ],
    [
      'survives entries that are nonsense',
      [{ tool_calls: [null, 7, 'x', [], { index: 'no' }] }, ...deltas([[5, 'x', 'a', '{}']])],
      [],
    ],
  ])('%s', (_what, given, expected) => {
    const { calls, end } = run(options({ emission }), given, 'tool_calls');
    if (expected.length > 0) expect(calls.map((call) => [call.id, call.name, call.arguments])).toEqual(expected);
    else expect(calls.map(({ name }) => name)).toContain('a');
    expect(end.calls).toEqual(calls);
    expect(end.finishReason).toBe('tool_calls');
  });

  it.each([
    ['arguments that are cut', '{"k": "v', 'length'],
    ['arguments that are cut before a value', '{"k":', 'tool_calls'],
    ['arguments that are cut inside a number', '{"k": 1', 'tool_calls'],
    ['arguments that are cut inside a list', '{"k": [1, ', 'stop'],
    ['arguments that are no object', '[1]', 'tool_calls'],
    ['arguments that are not JSON', '{k: 1}', 'stop'],
    ['more behind the object', '{} x', 'stop'],
  ])('does not count a call with %s as complete', (_what, args, finish) => {
    const { calls, end } = run(options({ emission }), deltas([[0, 'x', 'a', '{}']], [[1, 'y', 'b', args]]), finish);
    expect(end.calls.map(({ id }) => id)).toEqual(['x']);
    expect(end.isIncomplete).toBe(true);
    if (emission === 'atomic') expect(calls).toHaveLength(1);
    else expect(end.finishReason).not.toBe('tool_calls');
  });

  it('takes a call without arguments for cut, not for empty, when the token limit ended the answer', () => {
    const { end } = run(options({ emission }), deltas([[0, 'x', 'a', u]]), 'length');
    expect(end).toMatchObject({ calls: [], isIncomplete: true, finishReason: 'length' });
  });

  it('does not count the last call when the stream broke off, though its arguments look whole', () => {
    const { end } = run(options({ emission }), deltas([[0, 'x', 'a', '{}']], [[1, 'y', 'b', '{}']]), null);
    expect(end.isIncomplete).toBe(true);
    expect(end.calls.map(({ id }) => id)).not.toContain('y');
  });

  it('keeps only the first call where parallel calls are not allowed', () => {
    const given = deltas([
      [0, 'x', 'a', '{}'],
      [1, 'y', 'b', '{}'],
    ]);
    expect(run(options({ emission, allowsParallelCalls: false }), given, 'tool_calls').calls.map(({ id }) => id)).toEqual(['x']);
  });

  it('stops at arguments over the limit, and says so', () => {
    const machine = createAnswerMachine(options({ emission }));
    machine.feed(deltas([[0, 'x', 'a', `{"k": "${'v'.repeat(500)}`]])[0] ?? {});
    expect(machine.hasOverflowed()).toBe(false);
    machine.feed(deltas([[0, u, u, 'v'.repeat(600)]])[0] ?? {});
    expect(machine.hasOverflowed()).toBe(true);
    expect(machine.feed({ content: 'more' })).toEqual([]);
    expect(machine.end('stop')).toMatchObject({ events: [], overflow: true, isIncomplete: true, calls: [] });
  });

  it('stops at an absurd number of calls', () => {
    const entries = Array.from({ length: 2000 }, (_, i): Entry => [i, `id${i}`, 'a', '{}']);
    const { end } = run(options({ emission }), deltas(...entries.map((entry) => [entry])), 'tool_calls');
    expect(end.overflow).toBe(true);
    expect(end.calls.length).toBeLessThan(1100);
  });
});

describe('when native calls become visible', () => {
  it('atomic: a call once the next one starts, the last one at the end', () => {
    const machine = createAnswerMachine(options());
    const [first, second, third] = deltas([[0, 'x', 'a', '{"k":']], [[0, u, u, '1}']], [[1, 'y', 'b', '{}']]);
    expect(machine.feed(first ?? {})).toEqual([]);
    expect(machine.feed(second ?? {})).toEqual([]);
    expect(machine.feed(third ?? {})).toEqual([
      { kind: 'call', index: 0, id: 'x', name: 'a', arguments: '{"k":1}' },
      { kind: 'call_end', index: 0 },
    ]);
    expect(machine.end('tool_calls').events).toEqual([
      { kind: 'call', index: 1, id: 'y', name: 'b', arguments: '{}' },
      { kind: 'call_end', index: 1 },
    ]);
  });

  it('early: fragments as they come, the last brace with the end, so that a broken call never looks whole', () => {
    const machine = createAnswerMachine(options({ emission: 'early' }));
    const [first, second] = deltas([[0, 'x', 'a', '{"k":']], [[0, u, u, '1}']]);
    expect(machine.feed(first ?? {})).toEqual([{ kind: 'call', index: 0, id: 'x', name: 'a', arguments: '{"k":' }]);
    expect(machine.feed(second ?? {})).toEqual([{ kind: 'call_arguments', index: 0, arguments: '1' }]);
    expect(machine.end('tool_calls')).toMatchObject({
      events: [
        { kind: 'call_arguments', index: 0, arguments: '}' },
        { kind: 'call_end', index: 0 },
      ],
      calls: [{ id: 'x', name: 'a', arguments: '{"k":1}' }],
    });
  });
});
