import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import { type AnswerMachineOptions, createAnswerMachine } from '../../../worker/core/answer/answer-machine.ts';
import { options } from './answer.ts';
import { run, textDeltas } from './corpus.ts';
import { randomPieces, seeded } from './cuts.ts';
import { calledTools, formatIds, formatSets, hostileText, markers } from './fragments.ts';

const runs = { numRuns: 400 };

function optionsFor(formats: readonly ToolFormatId[], others: Partial<AnswerMachineOptions> = {}): AnswerMachineOptions {
  return options({ formats, tools: calledTools, ...others });
}

const anyOptions = fc.record({
  formats: fc.constantFrom(...formatSets),
  toolChoice: fc.constantFrom<AnswerMachineOptions['toolChoice']>('auto', 'auto', 'required', { name: 'search' }),
  allowsParallelCalls: fc.boolean(),
  reasoning: fc.constantFrom('none' as const, 'none' as const, 'think' as const, 'think_open' as const),
  maxArgumentsBytes: fc.constantFrom(10_000, 10_000, 30),
});
const anyFinish = fc.constantFrom('stop', 'length', 'tool_calls', null);

describe('whatever the text', () => {
  it('gives the same answer however the text is cut', () => {
    fc.assert(
      fc.property(hostileText, anyOptions, anyFinish, fc.nat(), (text, others, finish, seed) => {
        const { formats, ...rest } = others;
        const options = () => optionsFor(formats, rest);
        const whole = run(options(), [{ content: text }], finish);
        expect(run(options(), textDeltas(text.split('')), finish)).toEqual(whole);
        expect(run(options(), textDeltas(randomPieces(text, seeded(seed))), finish)).toEqual(whole);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 3000) },
    );
  });

  it('does so where the limits cut in, too', () => {
    const filler = fc
      .constantFrom('x', ' ', '\n', '{', '[1,', '<', '`', '"', '\\"', '"a": ')
      .chain((unit) => fc.nat({ max: 2500 }).map((n) => unit.repeat(n / unit.length)));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(hostileText, filler), { maxLength: 6 }),
        fc.constantFrom(...formatSets),
        fc.nat(),
        (parts, formats, seed) => {
          const text = parts.join('');
          const options = () => optionsFor(formats, { maxArgumentsBytes: 20 });
          const whole = run(options(), [{ content: text }], 'stop');
          expect(run(options(), textDeltas(randomPieces(text, seeded(seed), 700)), 'stop')).toEqual(whole);
        },
      ),
      { numRuns: Number(process.env['RUNS'] ?? 600) },
    );
  });

  it('surfaces in early emission every call of atomic emission, and at most one that cannot be mistaken for whole', () => {
    fc.assert(
      fc.property(hostileText, fc.constantFrom(...formatSets), anyFinish, fc.nat(), (text, formats, finish, seed) => {
        const early = run(optionsFor(formats, { emission: 'early' }), textDeltas(randomPieces(text, seeded(seed))), finish);
        expect(run(optionsFor(formats, { emission: 'early' }), textDeltas([text]), finish)).toEqual(early);
        const bare = ({ name, arguments: args }: { name: string; arguments: string }) => `${name} ${args}`;
        const whole = early.end.calls.map(bare);
        // What follows a call that broke in the open is not looked into: the answer is spoiled anyway.
        const atomic = early.end.isIncomplete ? [] : run(optionsFor(formats), [{ content: text }], finish).calls;
        for (const call of atomic) expect(whole).toContain(bare(call));
        for (const call of early.end.calls) expect(isObject(call.arguments)).toBe(true);
        const isWhole = (id: string) => early.end.calls.some((call) => call.id === id);
        const broken = early.calls.filter(({ id }) => !isWhole(id));
        if (broken.length === 0) return;
        expect(broken).toHaveLength(1);
        expect(() => JSON.parse(broken[0]?.arguments ?? '') as unknown).toThrow();
        expect(early.end.isIncomplete).toBe(true);
        expect(early.end.finishReason).not.toBe('tool_calls');
      }),
      { numRuns: Number(process.env['RUNS'] ?? 1500) },
    );
  });

  it('only ever surfaces arguments that are a JSON object', () => {
    fc.assert(
      fc.property(hostileText, fc.constantFrom(...formatSets), (text, formats) => {
        const { calls, end } = run(optionsFor(formats), [{ content: text }], 'stop');
        for (const call of calls) expect(isObject(call.arguments)).toBe(true);
        expect(end.finishReason).toBe(calls.length > 0 ? 'tool_calls' : 'stop');
      }),
      { numRuns: 1500 },
    );
  });

  it.each(formatSets.map((formats) => ({ formats, list: formats.join(', ') })))(
    'loses nothing when there is no call ($list)',
    ({ formats }) => {
      fc.assert(
        fc.property(hostileText, fc.nat(), (text, seed) => {
          const outcome = run(optionsFor(formats), textDeltas(randomPieces(text, seeded(seed))), 'stop');
          if (outcome.calls.length > 0) return;
          expect(outcome.end.hasBrokenCall || outcome.content === text).toBe(true);
        }),
        runs,
      );
    },
  );

  it.each(formatIds)('loses nothing in %s when no marker is whole', (format) => {
    const lookalike = fc.array(fc.constantFrom(...markers.map((m) => m.slice(0, -1)), ' ', 'words', '<', 'é', '\n'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(lookalike, (parts) => {
        const text = `.${parts.join('')}`;
        if (markers.some((marker) => marker.length > 3 && text.includes(marker))) return;
        expect(run(optionsFor([format]), textDeltas(text.split('')), 'stop').content).toBe(text);
      }),
      runs,
    );
  });
});

describe('calls among text', () => {
  const call = { name: 'search', arguments: { query: 'x </tool_call> ``` ] } "', n: 1 } };
  const json = JSON.stringify(call);
  const rendered: Partial<Record<ToolFormatId, string>> = {
    hermes: `<tool_call>\n${json}\n</tool_call>`,
    mistral: `[TOOL_CALLS] [${json}]`,
    llama3_json: json,
    json_fenced: `\`\`\`json\n${json}\n\`\`\``,
    pythonic: `[search(query='x </tool_call> \`\`\` ] } "', n=1)]`,
    deepseek: `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>${JSON.stringify(call.arguments)}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  };
  const prose = fc.constantFrom('Words. ', 'a < b, ', 'naïve 👩‍💻 ', 'x = f(y); ', '- item\n', '');

  it.each(Object.entries(rendered))('takes out %s calls, markers included, and keeps every other character', (format, text) => {
    fc.assert(
      fc.property(fc.array(fc.tuple(prose, fc.boolean()), { maxLength: 8 }), fc.nat(), (parts, seed) => {
        const message = parts.map(([words, hasCall]) => `.${words}${hasCall ? text : ''}`).join('');
        const outcome = run(optionsFor([format as ToolFormatId]), textDeltas(randomPieces(message, seeded(seed))), 'stop');
        expect(outcome.content).toBe(parts.map(([words]) => `.${words}`).join(''));
        expect(outcome.calls.map((one) => JSON.parse(one.arguments) as unknown)).toEqual(
          parts.filter(([, hasCall]) => hasCall).map(() => call.arguments),
        );
      }),
      runs,
    );
  });
});

describe('hold-back', () => {
  const longest: Partial<Record<ToolFormatId, number>> = { hermes: 11, qwen3_xml: 11, mistral: 12, deepseek: 21 };

  it.each(Object.entries(longest))('%s holds back at most a marker less one character outside calls', (format, length) => {
    const lookalike = fc.array(fc.constantFrom(...markers.map((marker) => marker.slice(0, -1)), ...'<[｜ {}"`\n', 'words'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(lookalike, (parts) => {
        const text = parts.join('');
        if (markers.some((marker) => text.includes(marker) && marker.length > 3)) return;
        expect(Math.max(0, ...heldAlong([format as ToolFormatId], text).map((held) => held.length))).toBeLessThan(length);
      }),
      runs,
    );
  });

  it.each([
    ['llama3_json', ['{', '<|python_tag|>', '`', '``']],
    ['pythonic', ['[', '<|python_start|>', '`', '``']],
    ['json_fenced', ['```']],
    ['json_bare', ['{', '[', ' ', '\n', '\t']],
  ] as const)('%s holds back nothing that does not look like the start of a call', (format, openers) => {
    fc.assert(
      fc.property(hostileText, (text) => {
        for (const held of heldAlong([format], text)) {
          const isStart = openers.some((opener) => held.startsWith(opener) || opener.startsWith(held));
          expect(isStart, held).toBe(true);
        }
      }),
      runs,
    );
  });

  it.each([
    ['llama3_json', 'a {b', 0],
    ['llama3_json', '{"name": "Alice"', 0],
    ['llama3_json', '{"name": "search", "arguments": [', 0],
    ['llama3_json', '{"k" 1', 0],
    ['llama3_json', '{"k": 1', 0],
    ['llama3_json', '{"name": "search"', 17],
    ['llama3_json', '{"name": "search", "results"', 0],
    ['llama3_json', '{"parameters": {"learning_rate"', 31],
    ['pythonic', 'see [the docs', 0],
    ['pythonic', '[1,', 0],
    ['pythonic', '[search(query=x,', 0],
    ['json_fenced', '```python', 0],
    ['json_fenced', '```jsx', 0],
    ['json_fenced', '``` words', 0],
    ['json_fenced', '```json\n{"name": "Alice"', 0],
    ['json_bare', '[1', 0],
    ['json_bare', '{"name": 5', 0],
    ['json_bare', 'x {"name": "search"', 0],
    ['json_bare', '{"answer": "', 0],
    ['json_bare', '{"type": "report"', 0],
    ['json_bare', '{"type": "function"', 19],
    ['json_bare', '{"a key that is far too long for a call', 0],
    ['json_bare', '{"name": "a name that is longer than that of any tool', 0],
    ['json_bare', '{"id": 5, "function": "', 0],
    ['json_fenced', '```json\n{"id": 1, "title', 24],
    ['json_fenced', '```json\n{"id": 1, "title"', 0],
    ['hermes', '<tool_call>\n x', 0],
    ['hermes', 'a <tool_call>\n ', 13],
    ['mistral', '[TOOL_CALLS] is the', 0],
  ] as const)('%s: of %j, %d characters wait', (format, text, expected) => {
    expect(heldAlong([format], text).at(-1)?.length).toBe(expected);
  });
});

/** Feeds a text character by character and returns what waits after each, up to the first call. */
function heldAlong(formats: readonly ToolFormatId[], text: string): string[] {
  const machine = createAnswerMachine(optionsFor(formats));
  const held: string[] = [];
  let shown = '';
  for (let at = 0; at < text.length; at += 1) {
    for (const event of machine.feed({ content: text.charAt(at) })) {
      if (event.kind !== 'text') return held;
      shown += event.text;
    }
    expect(text.startsWith(shown)).toBe(true);
    held.push(text.slice(shown.length, at + 1));
  }
  return held;
}

function isObject(text: string): boolean {
  const value: unknown = JSON.parse(text);
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
