/**
 * What hostile and merely confusing answers are made of: markers, halves of markers, pieces of JSON and Python, quotes, Unicode.
 */
import fc from 'fast-check';
import type { ToolFormatId } from '../../../shared/config.ts';
import { toolFormats } from '../../../worker/core/tools/formats/registry.ts';
import { corpus } from './corpus.ts';

export const formatIds = Object.keys(toolFormats) as ToolFormatId[];

/** Every format alone, the combination Qwen 2.5 gets, and all at once. */
export const formatSets: readonly (readonly ToolFormatId[])[] = [
  ...formatIds.map((id) => [id]),
  ['hermes', 'json_fenced', 'json_bare'],
  formatIds,
];

export const markers = [
  '<tool_call>',
  '</tool_call>',
  '<function=',
  '</function>',
  '<parameter=',
  '</parameter>',
  '[TOOL_CALLS]',
  '[ARGS]',
  '[CALL_ID]',
  '<|python_tag|>',
  '<|python_start|>',
  '<|python_end|>',
  '```',
  '```json\n',
  '<think>',
  '</think>',
  '<｜tool▁calls▁begin｜>',
  '<｜tool▁calls▁end｜>',
  '<｜tool▁call▁begin｜>',
  '<｜tool▁call▁end｜>',
  '<｜tool▁sep｜>',
];

const halves = markers.flatMap((marker) => [marker.slice(0, 1), marker.slice(0, -1), marker.slice(1)]);

const wholes = [
  '{"name": "search", "arguments": {"query": "x"}}',
  '{"name":"search","parameters":{}}',
  'search{"query": 1}',
  "[search(query='x')]",
  'search(query="a", limit=[1, {"b": None}])',
  '<tool_call>{"name": "search", "arguments": {}}</tool_call>',
  '{"a": {"name": "search"}}',
  '<tool_call>\n<function=search>\n<parameter=query>\nx\n</parameter>\n</function>\n</tool_call>',
  '{"tool_calls": [',
  'search.call(query=1)',
  '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>search<｜tool▁sep｜>{}',
  '```json\n{"name": "search", "arguments": {}}\n```',
  '{"type": "function", "function": ',
];

const pieces = [
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  ',',
  ':',
  ';',
  '=',
  '"',
  "'",
  '\\',
  '\\"',
  '`',
  '``',
  ' ',
  '\n',
  '\t',
  '\u0001',
  '-',
  '1',
  '1e3',
  'true',
  'None',
  '"name"',
  '"arguments"',
  '"search"',
  'search',
  'query',
  '"query": ',
  '>',
  'é',
  '日本',
  '👩‍💻',
  '\u2028',
  '\ud83d',
  'some words',
  'json',
  'null',
];

const fragments = [...markers, ...markers, ...halves, ...wholes, ...wholes, ...pieces, ...pieces];

const mixedText = fc.array(fc.constantFrom(...fragments), { maxLength: 24 }).map((parts) => parts.join(''));

/** Answers of the corpus, one behind the other, with pieces cut out, put in, repeated and cut off. */
const damagedText = fc
  .tuple(
    fc.array(fc.constantFrom(...[...corpus.values()].flat().map(({ text }) => text)), { minLength: 1, maxLength: 3 }),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 12 }), fc.constantFrom('', '', ...fragments)), { maxLength: 4 }),
    fc.option(fc.nat(), { freq: 4 }),
  )
  .map(([texts, edits, cut]) => {
    const edited = edits.reduce((text, [at, length, insert]) => {
      const place = text === '' ? 0 : at % text.length;
      return text.slice(0, place) + insert + text.slice(place + length);
    }, texts.join('\n'));
    return cut === null || edited === '' ? edited : edited.slice(0, cut % edited.length);
  });

export const hostileText = fc.oneof(mixedText, damagedText, damagedText);

/** Tools that the texts above call. */
export const calledTools = ['search', 'get_weather', 'refresh', 'get_time', 'write_file', 'set_flags', 'send_email'].map(
  (name) => ({ name }),
);
