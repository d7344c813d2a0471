/**
 * DeepSeek V3.2 and V4: `<｜DSML｜tool_calls>` (V3.2: `function_calls`) around `<｜DSML｜invoke name="…">` with a
 * `<｜DSML｜parameter name="…" string="true|false">` for each argument: text where it says `true`, else JSON. V4.1 writes a space before each
 * tag's name. An invoke may close itself (`/>`), hold one JSON object, or stand without the section.
 * Sources: vLLM, `vllm/parser/deepseek_v32.py` and `deepseek_v4.py`; SGLang, `function_call/deepseekv32_detector.py` (self-closing invokes,
 * JSON bodies) and `deepseekv41_detector.py`. Not confirmed, so not read: other bars in place of `｜`, which some relays write.
 */
import { createTaggedFormat } from './tagged-calls.ts';
import { anyValue, typedValue } from './typed-value.ts';

const open = (name: string) => [`<｜DSML｜${name}`, `<｜DSML｜ ${name}`];
const close = (name: string) => [`</｜DSML｜${name}>`, `</｜DSML｜ ${name}>`];

export const deepseekDsml = createTaggedFormat({
  id: 'deepseek_dsml',
  section: ['<｜DSML｜tool_calls>', '<｜DSML｜function_calls>', '<｜DSML｜ calls>'],
  sectionEnd: ['</｜DSML｜tool_calls>', '</｜DSML｜function_calls>', '</｜DSML｜ calls>'],
  call: open('invoke'),
  callEnd: close('invoke'),
  headEnd: '>',
  headOf(text) {
    const [, name, slash] = /^\s+name="([^"]+)"\s*(\/?)$/.exec(text) ?? [];
    return name === undefined ? null : { name, isWhole: slash === '/' };
  },
  quotedHead: /^\s+name="[^"]*"\s*>\s*$/,
  value: open('parameter'),
  valueEnd: close('parameter'),
  keyEnd: '>',
  keyOf(text) {
    const [, name, isString] = /^\s+name="([^"]+)"(?:\s+string="(true|false)")?\s*$/.exec(text) ?? [];
    return name === undefined ? null : { name, type: isString ?? null };
  },
  separator: '',
  isSpaced: true,
  mayOmitValueEnd: true,
  mayBeJson: true,
  decode(text, { name, type }, schema) {
    if (type === 'true') return JSON.stringify(text);
    return type === 'false' ? anyValue(text) : typedValue(text, schema, name);
  },
});
