/** The words that servers have for the end of an answer. */
import { describe, expect, it } from 'vitest';
import { readFinishReason } from '../../../worker/core/upstreams/finish-reasons.ts';

describe('a finish reason', () => {
  it.each([
    ['stop', 'stop eos eos_token end_turn stop_sequence STOP complete COMPLETE endTurn FinishReason.STOP'],
    ['length', 'length max_tokens model_length MAX_TOKENS max_output_tokens maxTokens finish_reason_max_tokens'],
    ['tool_calls', 'tool_calls tool_use function_call tool-calls TOOL_CALL'],
    [
      'content_filter',
      'content_filter SAFETY RECITATION content-filter refusal PROHIBITED_CONTENT content_filter:SAFETY content_filter:NEW_RULE',
    ],
  ])('means %s in the words %s', (reason, words) => {
    for (const word of words.split(' ')) expect(readFinishReason(word)).toEqual({ kind: 'end', reason, isKnown: true });
  });

  it.each([
    ['abort error cancelled timeout insufficient_system_resource network_error', 'upstream_truncated', 'broken_off'],
    ['repetition degenerate', 'upstream_degenerate', 'degenerate'],
    ['MALFORMED_FUNCTION_CALL function_call_filter:MALFORMED_FUNCTION_CALL', 'upstream_invalid_answer', 'degenerate'],
  ])('is none but a failure in the words %s', (words, code, cause) => {
    for (const word of words.split(' '))
      expect(readFinishReason(word)).toMatchObject({ kind: 'failure', problem: { failure: { code }, cause } });
  });

  it.each(['whatever', 'pause_turn', '2', '', '???', 'a: b', ':', 'constructor', '完了'])(
    'that nobody knows ends the answer: %j',
    (word) => {
      expect(readFinishReason(word)).toEqual({ kind: 'end', reason: 'stop', isKnown: false });
    },
  );
});
