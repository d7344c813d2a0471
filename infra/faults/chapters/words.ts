/** The model's own words. With JSON promised, a fault before the document is found before anything is sent. */
import { broken, harmless, refused, type FaultCase } from '../fault-case.ts';

export const words: readonly FaultCase[] = [
  harmless('hostile-content', 'other'),
  broken('breaks-schema', 'invalid_structured_output', { needs: 'schema' }),
  refused('not-repairable', 'invalid_structured_output', { needs: 'schema' }),
  harmless('code-fence', 'other', { needs: 'schema' }),
  harmless('trailing-text', 'other', { needs: 'schema' }),
  harmless('trailing-comma', 'other', { needs: 'schema' }),
  // Only repairs that cannot change a value are made; a Python literal is not repaired.
  refused('single-quotes', 'invalid_structured_output', { needs: 'schema' }),
  harmless('truncated-json', 'other', { needs: 'schema' }),
  refused('repair-bomb', 'invalid_structured_output', { settings: 'bytes=100', needs: 'schema' }),
  refused('deep-json', 'invalid_structured_output', { needs: 'schema' }),
  harmless('low-logprobs', 'same', { needs: 'logprobs' }),
  harmless('refusal', 'other'),
  harmless('hedged', 'other'),
  harmless('empty-answer', 'other'),
  broken('repetition', 'upstream_degenerate'),
  broken('runaway', 'upstream_degenerate', { needs: 'room' }),
  harmless('content-parts', 'same'),
  harmless('refusal-field', 'other', { shows: '"refusal":"' }),
  harmless('refusal-field', 'other', { needs: 'unused_tools', shows: '"refusal":"' }),
  harmless('refusal-field', 'other', { needs: 'schema', shows: '"refusal":"' }),

  // Finish reasons of other servers.
  harmless('finish-as', 'same', { settings: 'reason=eos', finish: 'stop' }),
  harmless('finish-as', 'same', { settings: 'reason=eos_token', finish: 'stop' }),
  harmless('finish-as', 'same', { settings: 'reason=end_turn', finish: 'stop' }),
  harmless('finish-as', 'same', { settings: 'reason=stop_sequence', finish: 'stop' }),
  harmless('finish-as', 'same', { settings: 'reason=max_tokens', finish: 'length' }),
  harmless('finish-as', 'same', { settings: 'reason=model_length', finish: 'length' }),
  harmless('finish-as', 'same', { settings: 'reason=MAX_TOKENS', finish: 'length' }),
  harmless('finish-as', 'same', { settings: 'reason=never_heard_of_it', finish: 'stop' }),
  // Calls that were announced and not made.
  broken('finish-as', 'upstream_invalid_answer', { settings: 'reason=tool_calls', needs: 'unused_tools' }),
];
