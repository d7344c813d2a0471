/** An answer machine as most tests want it, and what it makes of a text. */
import { expect } from 'vitest';
import type { AnswerMachineOptions } from '../../../worker/core/answer/answer-machine.ts';
import { counter, run, textDeltas } from './corpus.ts';

export function options(others: Partial<AnswerMachineOptions> = {}): AnswerMachineOptions {
  return {
    formats: ['hermes', 'json_fenced', 'json_bare'],
    tools: [{ name: 'search' }, { name: 'get_weather' }],
    toolChoice: 'auto',
    allowsParallelCalls: true,
    reasoning: 'none',
    emission: 'atomic',
    maxArgumentsBytes: 10_000,
    newCallId: counter(),
    ...others,
  };
}

/** Both as a whole and character by character. */
export function answer(text: string, others: Partial<AnswerMachineOptions> = {}, finish: string | null = 'stop') {
  const whole = run(options(others), [{ content: text }], finish);
  expect(run(options(others), textDeltas(text.split('')), finish)).toEqual(whole);
  const calls = whole.calls.map(({ name, arguments: args }) => [name, JSON.parse(args) as unknown]);
  return {
    content: whole.content,
    reasoning: whole.reasoning,
    calls,
    finish: whole.end.finishReason,
    isIncomplete: whole.end.isIncomplete,
  };
}
