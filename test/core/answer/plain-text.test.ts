import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toolFormatIds } from '../../../shared/config-values.ts';
import {
  type AnswerMachineOptions,
  createAnswerMachine,
  endOfText,
  isPlainText,
} from '../../../worker/core/answer/answer-machine.ts';

const asked = (others: Partial<AnswerMachineOptions>): AnswerMachineOptions => ({
  formats: ['hermes', 'json_fenced', 'json_bare'],
  tools: [{ name: 'get_weather' }],
  toolChoice: 'auto',
  allowsParallelCalls: true,
  reasoning: 'none',
  emission: 'atomic',
  maxArgumentsBytes: 1000,
  newCallId: () => 'call_1',
  ...others,
});

/** What calls are made of, and prose around it. */
const pieces =
  '<tool_call> </tool_call> <tool_ ``` ```json ` { } [ ] "name":"get_weather" "arguments":{} [TOOL_CALLS] <|python_tag|> <function= get_weather( ) <think> </think> é ,';
const piece = fc.constantFrom(...pieces.split(' '), ' ', '\n', 'It rains.');
const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

const options = fc.record({
  formats: fc.subarray([...toolFormatIds]),
  toolChoice: fc.constantFrom<AnswerMachineOptions['toolChoice']>('auto', 'none', 'required', { name: 'get_weather' }),
  reasoning: fc.constantFrom('none', 'think', 'think_open'),
  emission: fc.constantFrom('atomic', 'early'),
  tools: fc.constantFrom([], [{ name: 'get_weather' }]),
} as const);

describe('a whole text that is plain', () => {
  it('says through the machine what it says without it, however it ends', () => {
    let plain = 0;
    fc.assert(
      fc.property(options, text, fc.constantFrom('stop', 'length', 'tool_calls'), (others, whole, reason) => {
        const reading = asked(others);
        if (!isPlainText(reading, whole)) return;
        plain += 1;
        const machine = createAnswerMachine(reading);
        const spoken = machine.feed({ content: whole });
        const end = machine.end(reason);
        const said = [...spoken, ...end.events].map((event) => (event.kind === 'text' ? event.text : event));
        expect(said.join('')).toBe(whole);
        expect({ ...end, events: [] }).toEqual(endOfText(reason));
      }),
      { numRuns: 2000 },
    );
    expect(plain).toBeGreaterThan(200);
  });

  it('is prose that only mentions code and JSON, where nothing opens a call', () => {
    expect(isPlainText(asked({}), 'Use `map` and {"a": 1}; a < b [1].')).toBe(true);
  });

  it.each(['{"name": "get_weather"}', ' [1]', 'Look: <tool_call>', '```json\n{}\n```'])('is not %j', (whole) => {
    expect(isPlainText(asked({}), whole)).toBe(false);
  });
});
