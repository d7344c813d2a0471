/** What a model would write for any arguments is read back as those arguments, in every format and however it is cut. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolFormatId } from '../../../shared/config.ts';
import type { DeclaredTool } from '../../../worker/core/tools/declared-tool.ts';
import { toolFormats } from '../../../worker/core/tools/formats/registry.ts';
import { options } from './answer.ts';
import { run, textDeltas } from './corpus.ts';
import { randomPieces, seeded } from './cuts.ts';
import { markers } from './fragments.ts';

type Arguments = Readonly<Record<string, unknown>>;
type Write = (name: string, args: Arguments) => string;

const json = (value: unknown): string => JSON.stringify(value);
const call = (name: string, args: Arguments): string => json({ name, arguments: args });
const plain = (value: unknown): string => (typeof value === 'string' ? value : json(value));
const members = (args: Arguments, write: (key: string, value: unknown) => string): string =>
  Object.entries(args)
    .map(([key, value]) => write(key, value))
    .join('');
const dsml = (inner: string): string => `<｜DSML｜tool_calls>\n${inner}</｜DSML｜tool_calls>`;
const xtmlType = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value === 'string' ? 'string' : 'object';

function gemma(value: unknown): string {
  if (typeof value === 'string') return `<|"|>${value}<|"|>`;
  if (Array.isArray(value)) return `[${value.map(gemma).join(',')}]`;
  if (typeof value !== 'object' || value === null) return json(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `<|"|>${key}<|"|>:${gemma(item)}`)
    .join(',')}}`;
}

/** JSON strings are Python strings, but for the escapes of surrogates. */
function python(value: unknown): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(python).join(', ')}]`;
  if (typeof value !== 'object') return json(value);
  return `{${Object.entries(value)
    .map(([key, item]) => `${json(key)}: ${python(item)}`)
    .join(', ')}}`;
}

/** As each format's template writes a call. */
const writers: Readonly<Record<ToolFormatId, readonly Write[]>> = {
  hermes: [(name, args) => `<tool_call>\n${call(name, args)}\n</tool_call>`],
  llama3_json: [(name, args) => json({ name, parameters: args }), (name, args) => `<|python_tag|>${call(name, args)}`],
  mistral: [
    (name, args) => `[TOOL_CALLS] [${call(name, args)}]`,
    (name, args) => `[TOOL_CALLS]${name}[ARGS]${json(args)}`,
    (name, args) => `[TOOL_CALLS]${name}[CALL_ID]abcdEF120[ARGS]${json(args)}`,
  ],
  pythonic: [
    (name, args) =>
      `[${name}(${Object.entries(args)
        .map(([key, value]) => `${key}=${python(value)}`)
        .join(', ')})]`,
  ],
  qwen3_xml: [
    (name, args) =>
      `<tool_call>\n<function=${name}>\n${members(args, (key, value) => `<parameter=${key}>\n${plain(value)}\n</parameter>\n`)}</function>\n</tool_call>`,
  ],
  deepseek: [
    (name, args) =>
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>${name}<｜tool▁sep｜>${json(args)}<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
    (name, args) =>
      `<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n${json(args)}\n\`\`\`<｜tool▁call▁end｜><｜tool▁calls▁end｜>`,
  ],
  deepseek_dsml: [
    (name, args) =>
      dsml(
        `<｜DSML｜invoke name="${name}">\n${members(args, (key, value) => `<｜DSML｜parameter name="${key}" string="${typeof value === 'string'}">${plain(value)}</｜DSML｜parameter>\n`)}</｜DSML｜invoke>\n`,
      ),
    (name, args) => dsml(`<｜DSML｜invoke name="${name}">\n${json(args)}\n</｜DSML｜invoke>\n`),
  ],
  glm: [
    (name, args) =>
      `<tool_call>${name}\n${members(args, (key, value) => `<arg_key>${key}</arg_key>\n<arg_value>${plain(value)}</arg_value>\n`)}</tool_call>`,
    (name, args) =>
      `<tool_call>${name}${members(args, (key, value) => `<arg_key>${key}</arg_key><arg_value>${plain(value)}</arg_value>`)}</tool_call>`,
  ],
  kimi_k2: [
    (name, args) =>
      `<|tool_calls_section_begin|><|tool_call_begin|>functions.${name}:0<|tool_call_argument_begin|>${json(args)}<|tool_call_end|><|tool_calls_section_end|>`,
  ],
  kimi_k3: [
    (name, args) =>
      `<|open|>tools<|sep|><|open|>call tool="${name}" index="1"<|sep|>${members(args, (key, value) => `<|open|>argument key="${key}" type="${xtmlType(value)}"<|sep|>${plain(value)}<|close|>argument<|sep|>`)}<|close|>call<|sep|><|close|>tools<|sep|>`,
  ],
  harmony: [
    (name, args) => `<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>${json(args)}<|call|>`,
    (name, args) => `<|start|>assistant to=functions.${name}<|channel|>commentary json<|message|>${json(args)}`,
  ],
  gemma4: [(name, args) => `<|tool_call>call:${name}${gemma(args)}<tool_call|>`],
  json_fenced: [(name, args) => `\`\`\`json\n${call(name, args)}\n\`\`\``],
  json_bare: [call],
};

/** Text with every marker in it, each with something behind it, so that none ends what it stands in. */
const hostile = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(...markers).map((marker) => `${marker}x`),
  ),
  { maxLength: 6 },
);
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  hostile.map((parts) => parts.join(' ')),
);
const key = fc.stringMatching(/^k[A-Za-z0-9_]{0,8}$/);
const scalar = fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null));
const value = fc.oneof(
  { weight: 3, arbitrary: text },
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(key, fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), { maxKeys: 3 }),
);
const anyArguments = fc.dictionary(key, value, { maxKeys: 4 });

/** What a format cannot write: its own quotation mark, line ends that its template adds itself, the beginning of a call without its end. */
const unwritable: Partial<Record<ToolFormatId, RegExp>> = {
  gemma4: /<\|\\?"\|>/,
  qwen3_xml: /\r|<function=[^<]*<(?:parameter=|\/function>)/,
  deepseek_dsml: /<｜DSML｜invoke[^<]*<\/?｜DSML｜/,
  glm: /<tool_call>[^<]*<(?:arg_key|\/tool_call)>/,
  kimi_k3: /<\|open\|>call/,
};

function toolFor(args: Arguments): DeclaredTool {
  const typeOf = (item: unknown) => (item === null ? 'null' : Array.isArray(item) ? 'array' : typeof item);
  const properties = Object.fromEntries(Object.entries(args).map(([name, item]) => [name, { type: typeOf(item) }]));
  return { name: 'search', parameters: { type: 'object', properties } };
}

const cases = Object.keys(toolFormats).flatMap((id) =>
  writers[id as ToolFormatId].map((write, layout) => [id as ToolFormatId, layout + 1, write] as const),
);

describe('a call with any arguments', () => {
  it.each(cases)('is read as it was written: %s, layout %d', (format, _layout, write) => {
    fc.assert(
      fc.property(anyArguments, fc.nat(), (args, seed) => {
        if (unwritable[format]?.test(json(args).replaceAll('\\r', '\r')) === true) return;
        const given = JSON.parse(json(args)) as Arguments;
        const made = () => options({ formats: [format], tools: [toolFor(given)], maxArgumentsBytes: 100_000 });
        const written = write('search', given);
        const outcome = run(made(), [{ content: written }], 'stop');
        expect(outcome.calls.map(({ name, arguments: read }) => [name, JSON.parse(read) as unknown])).toEqual([
          ['search', given],
        ]);
        expect(outcome.content).toBe('');
        expect(run(made(), textDeltas(randomPieces(written, seeded(seed))), 'stop')).toEqual(outcome);
      }),
      { numRuns: Number(process.env['RUNS'] ?? 150) },
    );
  });
});
