/** One answer from two upstream calls: the machine continues where the client's text ends. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import { type AnswerMachineOptions, createAnswerMachine } from '../../../worker/core/answer/answer-machine.ts';
import { options } from './answer.ts';
import { assemble, run } from './corpus.ts';
import { calledTools, formatSets, hostileText } from './fragments.ts';

function textOf(events: ReturnType<ReturnType<typeof createAnswerMachine>['feed']>): string {
  return events.map((event) => (event.kind === 'text' ? event.text : '')).join('');
}

/** The first call breaks off after `first`; the other one continues what was shown with `second`. */
function continued(first: string, second: (shown: string) => string, formats: readonly ToolFormatId[], others = {}) {
  const machine = createAnswerMachine(options({ formats, tools: calledTools, ...others }));
  const before = machine.feed({ content: first });
  machine.forgetHeld();
  const after = [...machine.feed({ content: second(textOf(before)) })];
  const { events, ...end } = machine.end('stop');
  return { shown: before, ...assemble([...before, ...after, ...events], end) };
}

const call = '{"name": "search", "arguments": {"query": "x"}}';
const qwen: readonly ToolFormatId[] = ['hermes', 'json_fenced', 'json_bare'];

describe('an answer that another call goes on with', () => {
  it.each<[string, string, string, readonly ToolFormatId[]]>([
    ['prose with JSON at the beginning of the rest', 'Such a call looks like this: ', call, qwen],
    ['an open code block with a call', '```text\nuser: hi\n', `<tool_call>${call}</tool_call>\ntool: 1\n\`\`\``, qwen],
    ['an open code span', 'Write `send ', `${call}\` there.`, ['llama3_json']],
    ['a JSON answer with what looks like a call in it', '{"answer": 1, "calls": [', `${call}]}`, ['llama3_json']],
    ['a JSON answer, from its middle on', '{"answer": {"a": ', `${call}}}`, qwen],
  ])('is text where it would be text in one piece: %s', (_what, first, second, formats) => {
    expect(continued(first, () => second, formats)).toMatchObject({ calls: [], content: first + second });
  });

  it.each([
    ['a marker', 'On it. <tool_'],
    ['a call', `On it. <tool_call>${call.slice(0, 30)}`],
    ['a whole call without its closing marker', `On it. <tool_call>${call}</tool_`],
  ])('has the call once when the first one broke off inside %s', (_what, first) => {
    const outcome = continued(first, () => `<tool_call>${call}</tool_call>`, qwen);
    expect(outcome).toMatchObject({ content: 'On it. ', calls: [{ name: 'search' }], end: { finishReason: 'tool_calls' } });
  });

  it('forgets a call of the server that was not shown', () => {
    const machine = createAnswerMachine(options({ formats: [] }));
    const entry = (args: string) => ({ tool_calls: [{ index: 0, id: 'a', function: { name: 'search', arguments: args } }] });
    machine.feed({ content: 'On it. ' });
    machine.feed(entry('{"query": "ha'));
    machine.forgetHeld();
    machine.feed(entry('{"query": "x"}'));
    expect(machine.end('tool_calls')).toMatchObject({ hasBrokenCall: false, calls: [{ arguments: '{"query": "x"}' }] });
  });

  it('keeps reasoning apart, wherever the first call broke off in its tags', () => {
    for (const first of ['<think>so', '<think>so</thi']) {
      const machine = createAnswerMachine(options({ reasoning: 'think' }));
      const before = machine.feed({ content: first });
      machine.forgetHeld();
      const after = machine.feed({ content: '</think>Yes.' });
      expect([...before, ...after]).toEqual([
        { kind: 'reasoning', text: 'so' },
        { kind: 'text', text: 'Yes.' },
      ]);
    }
  });

  it('is the same answer as in one piece, wherever it broke off before its first call', () => {
    const anyFormats = fc.constantFrom<AnswerMachineOptions['formats'][]>(...formatSets);
    fc.assert(
      fc.property(hostileText, anyFormats, fc.nat(), (text, formats, cut) => {
        const first = text.slice(0, text === '' ? 0 : cut % text.length);
        const outcome = continued(first, (shown) => text.slice(shown.length), formats);
        if (outcome.shown.some(({ kind }) => kind !== 'text')) return;
        const { content, calls, end } = run(options({ formats, tools: calledTools }), [{ content: text }], 'stop');
        expect([outcome.content, outcome.calls, outcome.end]).toEqual([content, calls, end]);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 1500) },
    );
  });
});
