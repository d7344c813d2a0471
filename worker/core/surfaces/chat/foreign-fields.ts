/**
 * How fields of other servers and APIs are treated. A field that neither these tables nor the schema know is dropped and reported to the
 * client: it may be a tracing tag or a mistyped name.
 */

import { ChatRequest } from '../../../../shared/chat.ts';

/** Where a field stands, without indexes: `messages.function_call`. */
type Kind = string;

/** What to do instead, and the fields it applies to. Dropping one of these silently would change the answer. */
const adviceFor: Readonly<Record<string, readonly Kind[]>> = {
  'Use tools.': ['functions', 'messages.tools'],
  'Use tool_choice.': ['function_call', 'tool_config'],
  'Use function.parameters.': ['tools.input_schema', 'tools.parameters', 'tools.function.input_schema'],
  'Use tool_calls.': ['messages.function_call'],
  'Audio is not available.': ['audio', 'messages.audio'],
  'Only text is available.': ['modalities'],
  'Predicted outputs are not available.': ['prediction'],
  'Web search is not available.': ['web_search_options', 'plugins', 'search_parameters', 'enable_search'],
  'Current model servers ignore it silently; use response_format, or structured_outputs with json.': ['guided_json'],
  'Current model servers ignore it silently; use structured_outputs with regex.': ['guided_regex'],
  'Current model servers ignore it silently; use structured_outputs with choice.': ['guided_choice'],
  'Current model servers ignore it silently; use structured_outputs with grammar.': ['guided_grammar'],
  'Use structured_outputs.': ['guided_decoding', 'guided_decoding_backend', 'guided_whitespace_pattern', 'structural_tag'],
  'Use response_format, or structured_outputs with json.': ['json_schema', 'format'],
  'It needs type json_schema.': ['response_format.schema', 'response_format.json_schema'],
  'Use structured_outputs with grammar.': ['grammar', 'ebnf'],
  'Use structured_outputs with regex.': ['regex'],
  'It is not available; use json, regex, choice or grammar.': ['structured_outputs.structural_tag'],
  'Use messages.': ['prompt', 'input', 'suffix', 'raw', 'images'],
  'Use a system message.': ['system', 'instructions', 'system_instruction', 'safe_prompt'],
  'Put them into a message.': ['documents'],
  'Use a content part of type image_url.': ['messages.images'],
  'Use continue_final_message.': ['messages.prefix', 'messages.partial', 'echo'],
  'Use max_tokens.': ['max_output_tokens', 'max_new_tokens', 'max_gen_len', 'max_length', 'num_predict', 'n_predict'],
  'Use min_tokens.': ['min_length', 'min_new_tokens'],
  'Use stop.': ['stop_sequences', 'stop_words', 'stop_strs'],
  'Use seed.': ['random_seed'],
  'Use n.': ['best_of', 'num_return_sequences', 'candidate_count'],
  'Beam search is not available.': ['use_beam_search', 'length_penalty', 'early_stopping', 'num_beams'],
  'Use repetition_penalty.': ['repeat_penalty', 'repeat_last_n', 'penalty_last_n'],
  'Use temperature, top_p, top_k or min_p.': [
    'typical_p',
    'top_a',
    'tfs_z',
    'mirostat',
    'mirostat_tau',
    'mirostat_eta',
    'dynatemp_range',
    'dynatemp_exponent',
    'xtc_probability',
    'xtc_threshold',
    'dry_multiplier',
    'dry_base',
    'dry_allowed_length',
    'dry_penalty_last_n',
    'dry_sequence_breakers',
    'samplers',
    'top_n_sigma',
    'min_keep',
  ],
  'Use reasoning_effort, or chat_template_kwargs.': [
    'reasoning',
    'thinking',
    'think',
    'enable_thinking',
    'thinking_budget',
    'thinking_token_budget',
    'thinking_config',
    'reasoning_budget',
    'reasoning_format',
    'separate_reasoning',
  ],
  'Reasoning is always a field of its own; leave it unread.': ['include_reasoning'],
  'The model’s own chat template is used; its arguments go into chat_template_kwargs.': [
    'chat_template',
    'template',
    'continue_assistant_turn',
    'prefill_assistant',
  ],
  'The model server tokenizes; it is not set per request.': [
    'add_special_tokens',
    'truncate_prompt_tokens',
    'truncation',
    'truncation_side',
    'mm_processor_kwargs',
    'media_io_kwargs',
  ],
  'Use logprobs.': ['prompt_logprobs', 'n_probs', 'return_logprob', 'logprob_token_ids'],
  'Token ids are not shown.': ['return_token_ids', 'return_tokens_as_token_ids', 'return_tokens'],
  'It is not available.': [
    'logits_processors',
    'repetition_detection',
    'lora',
    'lora_path',
    'lora_request',
    'vllm_xargs',
    'kv_transfer_params',
    'transforms',
    'previous_response_id',
  ],
  'Put its fields beside the others.': ['extra_body', 'options', 'generation_config', 'sampling_params'],
};

export const refusedFields: ReadonlyMap<Kind, string> = new Map(
  Object.entries(adviceFor).flatMap(([advice, kinds]) => kinds.map((kind): [Kind, string] => [kind, advice])),
);

/** Values that ask for the default behaviour, besides `false`, which turns most of these flags off. */
const neutralValues: ReadonlyMap<Kind, (value: unknown) => boolean> = new Map<Kind, (value: unknown) => boolean>([
  ['modalities', (value) => Array.isArray(value) && value.length === 1 && value[0] === 'text'],
  ['function_call', (value) => value === 'none'],
  ['best_of', (value) => value === 1],
  ['num_return_sequences', (value) => value === 1],
  ['candidate_count', (value) => value === 1],
  ['num_beams', (value) => value === 1],
  ['length_penalty', (value) => value === 1],
  ['repeat_penalty', (value) => value === 1],
  ['typical_p', (value) => value === 1],
  ['mirostat', (value) => value === 0],
  ['include_reasoning', (value) => value === true],
  ['separate_reasoning', (value) => value === true],
  ['extra_body', (value) => !hasKnownField(value)],
  ...['options', 'generation_config', 'sampling_params'].map((kind) => [kind, isEmptyObject] as const),
  ['enable_thinking', () => false],
  ['think', () => false],
  ['thinking', () => false],
]);

/** Whether a field that would be refused asks for nothing with this value. */
export function asksForNothing(kind: Kind, value: unknown): boolean {
  const isNeutral = neutralValues.get(kind);
  return isNeutral === undefined ? value === false || isEmpty(value) : isNeutral(value);
}

/** An empty object may still be a request, an empty list or text never is. */
function isEmpty(value: unknown): boolean {
  return value === '' || (Array.isArray(value) && value.length === 0);
}

/** A wrapper that a library should have unpacked: it matters only if it holds a field that would. */
function hasKnownField(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.keys(value).some((key) => Object.hasOwn(ChatRequest.shape, key) || refusedFields.has(key))
  );
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** Fields that official clients add or leave in a history and that do not affect the answer: dropped without a report. */
export const silentFields: ReadonlySet<Kind> = new Set([
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'prompt_cache_retention',
  'messages.annotations',
  'messages.content.annotations',
  'messages.parsed',
  'messages.tool_calls.index',
  'messages.tool_calls.function.parsed_arguments',
]);
