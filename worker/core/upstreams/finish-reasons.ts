/**
 * What a server's finish reason means. OpenAI has four; other servers, and the models behind them, have their own words for the same, and
 * words for incomplete answers. An unknown word ends the answer like `stop`.
 */
import type { FinishMeaning, FinishReason } from './dialect.ts';
import type { UpstreamFailure } from './transport-failure.ts';

const meanings: ReadonlyMap<string, FinishMeaning> = new Map([
  ...ends(
    'stop',
    `stop stopped eos eos_token eot end_of_text end_of_turn end_of_sequence end_turn stop_token stop_word stop_string stop_sequence
     stop_sequences complete completed completion finish finished done end ended success normal`,
  ),
  ...ends(
    'length',
    `length max_length max_tokens max_token max_output_tokens max_new_tokens max_completion_tokens max_tokens_reached token_limit
     token_limit_reached length_limit limit context_length context_length_exceeded context_window_exceeded model_length
     model_context_window_exceeded truncated`,
  ),
  ...ends('tool_calls', 'tool_calls tool_call tool_use function_call function_calls'),
  ...ends(
    'content_filter',
    `content_filter content_filtered content_policy_violation filtered safety image_safety recitation blocklist blocked language
     prohibited_content image_prohibited_content image_recitation spii sensitive moderation guardrail guardrail_intervened refusal refused`,
  ),
  ...fails(
    { failure: { code: 'upstream_truncated' }, cause: 'broken_off' },
    `abort aborted error errored internal_error server_error fail failed failure cancel cancelled canceled interrupted timeout timed_out
     network_error insufficient_system_resource`,
  ),
  ...fails({ failure: { code: 'upstream_degenerate' }, cause: 'degenerate' }, 'repetition repetitive degenerate loop'),
  ...fails(
    { failure: { code: 'upstream_invalid_answer', detail: 'The model had lost its way.' }, cause: 'degenerate' },
    'malformed_function_call malformed_tool_call unexpected_tool_call',
  ),
]);

const unknown: FinishMeaning = { kind: 'end', reason: 'stop', isKnown: false };

/** `MAX_TOKENS`, `maxTokens`, `max-tokens` and `FinishReason.MAX_TOKENS` are one word. Of `content_filter: SAFETY` the second says more. */
export function readFinishReason(word: string): FinishMeaning {
  const known = meaningOf(word);
  if (known !== undefined || !word.includes(':')) return known ?? unknown;
  const [first = '', second = ''] = word.split(':', 2);
  return meaningOf(second) ?? meaningOf(first) ?? unknown;
}

function meaningOf(word: string): FinishMeaning | undefined {
  return meanings.get(bare(word).replace(/^finishreason/, ''));
}

function ends(reason: FinishReason, words: string): [string, FinishMeaning][] {
  return each(words, { kind: 'end', reason, isKnown: true });
}

function fails(problem: UpstreamFailure, words: string): [string, FinishMeaning][] {
  return each(words, { kind: 'failure', problem });
}

function each(words: string, meaning: FinishMeaning): [string, FinishMeaning][] {
  return words.split(/\s+/).map((word) => [bare(word), meaning]);
}

function bare(word: string): string {
  return word.toLowerCase().replace(/[^a-z]/g, '');
}
