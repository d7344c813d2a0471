/** Fields that would change the answer and cannot be honoured, wherever they stand and whatever a server calls them: refused by name. */
import { describe, it } from 'vitest';
import { type BadBody as Row, bodyWith, expectRefused as check, hello } from './chat-bodies.ts';

const outputs: Row[] = [
  ['nothing in it', bodyWith({ structured_outputs: {} }), 'invalid_value', 'structured_outputs'],
  ['options alone', bodyWith({ structured_outputs: { whitespace_pattern: ' ' } }), 'invalid_value', 'structured_outputs'],
  ['two forms', bodyWith({ structured_outputs: { regex: 'a', choice: ['a'] } }), 'invalid_value', 'structured_outputs'],
  ['no choices', bodyWith({ structured_outputs: { choice: [] } }), 'invalid_value', 'structured_outputs.choice'],
  ['a choice that is no text', bodyWith({ structured_outputs: { choice: [1] } }), 'invalid_value', 'structured_outputs.choice.0'],
  ['a schema that is no schema', bodyWith({ structured_outputs: { json: 'a' } }), 'invalid_value', 'structured_outputs.json'],
  [
    'a response_format beside it',
    bodyWith({ structured_outputs: { regex: 'a' }, response_format: { type: 'json_object' } }),
    'invalid_value',
    'structured_outputs',
  ],
  [
    'a structural tag',
    bodyWith({ structured_outputs: { regex: 'a', structural_tag: '{}' } }),
    'unsupported_parameter',
    'structured_outputs.structural_tag',
  ],
];

const begun = { messages: [hello, { role: 'assistant', content: 'Once' }] };
const continuations: Row[] = [
  [
    'a generation prompt as well',
    { ...begun, continue_final_message: true, add_generation_prompt: true },
    'invalid_value',
    'add_generation_prompt',
  ],
  ['a user’s message', bodyWith({ continue_final_message: true }), 'invalid_value', 'continue_final_message'],
  [
    'an empty message',
    { messages: [hello, { role: 'assistant', content: null }], continue_final_message: true },
    'invalid_value',
    'continue_final_message',
  ],
];

const refusedFields: Row[] = [
  ['functions', bodyWith({ functions: [{ name: 'f' }] }), 'unsupported_parameter', 'functions'],
  ['function_call', bodyWith({ function_call: 'auto' }), 'unsupported_parameter', 'function_call'],
  ['audio', bodyWith({ audio: { voice: 'a' } }), 'unsupported_parameter', 'audio'],
  ['modalities beyond text', bodyWith({ modalities: ['text', 'audio'] }), 'unsupported_parameter', 'modalities'],
  ['prediction', bodyWith({ prediction: { type: 'content', content: 'x' } }), 'unsupported_parameter', 'prediction'],
  ['web_search_options', bodyWith({ web_search_options: {} }), 'unsupported_parameter', 'web_search_options'],
  ['guided_json', bodyWith({ guided_json: { type: 'object' } }), 'unsupported_parameter', 'guided_json'],
  ['guided_regex', bodyWith({ guided_regex: 'a+' }), 'unsupported_parameter', 'guided_regex'],
  ['guided_choice', bodyWith({ guided_choice: ['a', 'b'] }), 'unsupported_parameter', 'guided_choice'],
  ['guided_grammar', bodyWith({ guided_grammar: 'root ::= "a"' }), 'unsupported_parameter', 'guided_grammar'],
];

const nestedFields: Row[] = [
  [
    'a call of the older kind in the history',
    { messages: [hello, { role: 'assistant', content: null, function_call: { name: 'f', arguments: '{}' } }] },
    'unsupported_parameter',
    'messages.1.function_call',
  ],
  [
    'an answer that was spoken',
    { messages: [{ role: 'assistant', content: null, audio: { id: 'audio_1' } }] },
    'unsupported_parameter',
    'messages.0.audio',
  ],
  [
    'a prefix by another name',
    { messages: [hello, { role: 'assistant', content: 'Once', prefix: true }] },
    'unsupported_parameter',
    'messages.1.prefix',
  ],
  ['pictures beside the content', { messages: [{ ...hello, images: ['AAAA'] }] }, 'unsupported_parameter', 'messages.0.images'],
  [
    'a tool’s schema by another name',
    bodyWith({ tools: [{ type: 'function', function: { name: 'f', input_schema: {} } }] }),
    'unsupported_parameter',
    'tools.0.function.input_schema',
  ],
  [
    'a schema where none is read',
    bodyWith({ response_format: { type: 'text', schema: {} } }),
    'unsupported_parameter',
    'response_format.schema',
  ],
];

describe('vLLM’s structured outputs', () => {
  it.each(outputs)('are refused with %s', check);
});

describe('the continuation of a final message', () => {
  it.each(continuations)('is refused with %s', check);
});

describe('fields that no model here honours', () => {
  it.each(refusedFields)('are refused, not dropped: %s', check);
  it.each(nestedFields)('are refused in the depth as well: %s', check);

  it.each([
    ['grammar', 'root ::= "a"'],
    ['json_schema', { type: 'object' }],
    ['format', 'json'],
    ['ebnf', 'a'],
    ['regex', 'a+'],
    ['best_of', 2],
    ['use_beam_search', true],
    ['length_penalty', 1.2],
    ['prompt_logprobs', 0],
    ['echo', true],
    ['truncate_prompt_tokens', 100],
    ['documents', [{ text: 'a' }]],
    ['chat_template', '{{ messages }}'],
    ['logits_processors', ['a']],
    ['return_token_ids', true],
    ['kv_transfer_params', {}],
    ['vllm_xargs', { a: 1 }],
    ['include_reasoning', false],
    ['enable_thinking', false],
    ['thinking', { type: 'disabled' }],
    ['reasoning', { effort: 'high' }],
    ['system', 'be brief'],
    ['prompt', 'hello'],
    ['num_predict', 5],
    ['max_new_tokens', 5],
    ['max_output_tokens', 5],
    ['stop_sequences', ['a']],
    ['random_seed', 1],
    ['repeat_penalty', 1.1],
    ['typical_p', 0.5],
    ['mirostat', 2],
    ['options', { num_predict: 5 }],
    ['extra_body', { top_k: 5 }],
  ])('are refused under every server’s name for it: %s', (field, value) => {
    check('', bodyWith({ [field]: value }), 'unsupported_parameter', field);
  });
});
