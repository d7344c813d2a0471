/**
 * GLM 4.5 to 4.7: `<tool_call>name`, then `<arg_key>key</arg_key><arg_value>value</arg_value>` for each argument, `</tool_call>`; 4.5 puts
 * each on a line of its own. Values are plain text; the tool's schema says which of them are not strings. The marker is that of other formats
 * and of prose, so a name without arguments is a call only if it is declared.
 * Sources: vLLM, `vllm/tool_parsers/glm4_moe_tool_parser.py` and `vllm/parser/glm47_moe.py`; a missing `<arg_value>`: vLLM issue 49248.
 */
import { createTaggedFormat } from './tagged-calls.ts';
import { typedValue } from './typed-value.ts';

export const glm = createTaggedFormat({
  id: 'glm',
  section: [],
  sectionEnd: [],
  call: ['<tool_call>'],
  callEnd: ['</tool_call>'],
  headEnd: '',
  headOf: (text) => ({ name: text.trim(), isWhole: false }),
  quotedHead: /^\s*[^\s>{["']+\s*$/,
  value: ['<arg_key>'],
  valueEnd: ['</arg_value>'],
  keyEnd: '</arg_key>',
  keyOf: (text) => (text.trim() === '' ? null : { name: text.trim(), type: null }),
  separator: '<arg_value>',
  isSpaced: true,
  mayOmitValueEnd: false,
  mayBeJson: false,
  decode: (text, { name }, schema) => typedValue(text, schema, name),
});
