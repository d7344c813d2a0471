/** What hostile and merely confusing answers are made of: markers, halves of markers, pieces of JSON and Python, quotes, Unicode. */
import fc from 'fast-check';
import type { ToolFormatId } from '../../../shared/config.ts';
import { toolFormats } from '../../../worker/core/tools/formats/registry.ts';

export const formatIds = Object.keys(toolFormats) as ToolFormatId[];

/** Every format alone, the combination Qwen 2.5 gets, and all at once. */
export const formatSets: readonly (readonly ToolFormatId[])[] = [
  ...formatIds.map((id) => [id]),
  ['hermes', 'json_fenced', 'json_bare'],
  formatIds,
];

export const markers = [
  '<tool_call>', '</tool_call>', '<function=', '</function>', '<parameter=', '</parameter>', '[TOOL_CALLS]', '[ARGS]', '[CALL_ID]',
  '<|python_tag|>', '<|python_start|>', '<|python_end|>', '```', '```json\n', '<think>', '</think>',
  '<｜tool▁calls▁begin｜>', '<｜tool▁calls▁end｜>', '<｜tool▁call▁begin｜>', '<｜tool▁call▁end｜>', '<｜tool▁sep｜>',
];

const halves = markers.flatMap((marker) => [marker.slice(0, 1), marker.slice(0, -1), marker.slice(1)]);

const wholes = [
  '{"name": "search", "arguments": {"query": "x"}}', '{"name":"search","parameters":{}}', 'search{"query": 1}', '[search(query=\'x\')]',
  'search(query="a", limit=[1, {"b": None}])', '<tool_call>{"name": "search", "arguments": {}}</tool_call>', '{"a": {"name": "search"}}',
  '<tool_call>\n<function=search>\n<parameter=query>\nx\n</parameter>\n</function>\n</tool_call>', '{"tool_calls": [', 'search.call(query=1)',
  '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{}', '```json\n{"name": "search", "arguments": {}}\n```', '{"type": "function", "function": ',
];

const pieces = [
  '{', '}', '[', ']', '(', ')', ',', ':', ';', '=', '"', "'", '\\', '\\"', '`', '``', ' ', '\n', '\t', '\u0001', '-', '1', '1e3', 'true', 'None',
  '"name"', '"arguments"', '"search"', 'search', 'query', '"query": ', '>', 'é', '日本', '👩‍💻', '\u2028', '\ud83d', 'some words', 'json', 'null',
];

export const hostileText = fc
  .array(fc.constantFrom(...markers, ...markers, ...halves, ...wholes, ...wholes, ...pieces, ...pieces), { maxLength: 24 })
  .map((parts) => parts.join(''));
