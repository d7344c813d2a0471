/**
 * Kimi K3 (XTML): `<|open|>tools<|sep|>` around `<|open|>call tool="name" index="1"<|sep|>` with
 * `<|open|>argument key="…" type="…"<|sep|>value<|close|>argument<|sep|>` for each argument: text for the type `string`, else JSON. Only names
 * in tags are escaped (`&amp;`, `&quot;`). What follows the tools ends the message. The think and response sections around it are read
 * by the reasoning `kimi_k3`.
 * Sources: vLLM, `tool_parsers/kimi_k3_tool_parser` and `reasoning/kimi_k3_reasoning_parser`; llama.cpp, `common/parsers/kimi-k3.cpp`.
 * Not confirmed, so not read: a `json` element in place of arguments, which one port of the encoder mentions.
 */
import { createTaggedFormat } from './tagged-calls.ts';
import { anyValue } from './typed-value.ts';

function attribute(text: string, name: string): string | null {
  const [, value] = new RegExp(`\\s${name}="([^"]*)"`).exec(text) ?? [];
  return value === undefined ? null : value.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
}

export const kimiK3 = createTaggedFormat({
  id: 'kimi_k3',
  section: ['<|open|>tools<|sep|>'],
  sectionEnd: ['<|close|>tools<|sep|>', '<|close|>message<|sep|>'],
  call: ['<|open|>call'],
  callEnd: ['<|close|>call<|sep|>'],
  headEnd: '<|sep|>',
  headOf(text) {
    const name = attribute(text, 'tool');
    return name === null ? null : { name, isWhole: false };
  },
  quotedHead: /^\s+tool="[^"]*"[^<]*<\|sep\|>\s*$/,
  value: ['<|open|>argument'],
  valueEnd: ['<|close|>argument<|sep|>'],
  keyEnd: '<|sep|>',
  keyOf(text) {
    const name = attribute(text, 'key');
    return name === null ? null : { name, type: attribute(text, 'type') };
  },
  separator: '',
  isSpaced: true,
  mayOmitValueEnd: false,
  mayBeJson: false,
  decode: (text, { type }) => (type === 'string' ? JSON.stringify(text) : anyValue(text)),
});
