/**
 * Qwen 3 Coder: `<tool_call><function=name><parameter=key>value</parameter>…</function></tool_call>`. The outer markers may be
 * missing, and so may a parameter's closing one. Values are plain text; the tool's schema says which of them are not strings.
 * Source: chat template of Qwen/Qwen3-Coder-30B-A3B-Instruct.
 */
import { createTaggedFormat } from './tagged-calls.ts';
import { typedValue } from './typed-value.ts';

export const qwen3Xml = createTaggedFormat({
  id: 'qwen3_xml',
  section: ['<tool_call>'],
  sectionEnd: ['</tool_call>'],
  call: ['<function='],
  callEnd: ['</function>'],
  headEnd: '>',
  headOf: (name) => ({ name, isWhole: false }),
  quotedHead: /^[^\s>]+>\s*$/,
  value: ['<parameter='],
  valueEnd: ['</parameter>'],
  keyEnd: '>',
  keyOf: (name) => (/^[^\s"'/=]+$/.test(name) ? { name, type: null } : null),
  separator: '',
  isSpaced: false,
  mayOmitValueEnd: true,
  mayBeJson: false,
  // The template puts each value on lines of its own.
  decode: (text, { name }, schema) => typedValue(text.replace(/^\r?\n/, '').replace(/\r?\n$/, ''), schema, name),
});
