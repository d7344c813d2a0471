/**
 * Tool-call corpus over real HTTP: the stand-in writes the corpus text token by token, the gateway parses it, the official client reads it.
 * The gateway's pair of models is configured for hermes and its fallbacks; other formats get a gateway of their own.
 */
import { readFileSync } from 'node:fs';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { clientKey } from '../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';

interface Row {
  readonly id: string;
  readonly text: string;
  readonly tools?: readonly { readonly name: string; readonly parameters?: Record<string, unknown> }[];
  readonly options?: Record<string, unknown>;
  readonly expect: {
    readonly content: string | null;
    readonly tool_calls: readonly { readonly name: string; readonly arguments: unknown }[];
    readonly finish_reason: string;
  };
}

const formats = ['hermes', 'llama3_json', 'mistral', 'pythonic', 'qwen3_xml', 'deepseek'] as const;
const rowsPerFormat = 14;

/** Rows that a request can ask for as they stand: no special finish, no reasoning, nothing that the client could not send. */
function rowsOf(format: string): Row[] {
  const lines = readFileSync(`test/fixtures/tool-calls/${format}.jsonl`, 'utf8').trim().split('\n');
  const rows = lines.map((line): Row => JSON.parse(line));
  return rows
    .filter(({ options, tools, text }) => options === undefined && (tools ?? []).length > 0 && text !== '' && text.length < 2000)
    .slice(0, rowsPerFormat);
}

const collapse = (text: string | null | undefined): string => (text ?? '').replace(/\s+/g, ' ').trim();

function params(row: Row) {
  const say = Buffer.from(row.text, 'utf8').toString('base64');
  return {
    model: 'small',
    messages: [{ role: 'user' as const, content: `[[say64:${say}]]` }],
    tools: (row.tools ?? []).map((tool) => ({ type: 'function' as const, function: tool })),
    max_tokens: 4000,
  };
}

describe.each(formats)('%s over HTTP', (format) => {
  let gateway: Rig;
  let client: OpenAI;

  beforeAll(async () => {
    gateway = await startRig({
      on: inject('bundle'),
      overrides: { models: { 'qwen2.5-7b': { tool_formats: [format] } }, routing: { tools: { invalid_arguments: 'pass' } } },
    });
    client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: clientKey, maxRetries: 0 });
  }, 60_000);
  afterAll(() => gateway?.stop());

  test.each(rowsOf(format).map((row) => [row.id, row] as const))('%s reads the same streamed and whole', async (_id, row) => {
    const whole = await client.chat.completions.create(params(row));
    const streamed = await client.chat.completions.stream(params(row)).finalChatCompletion();
    for (const completion of [whole, streamed]) {
      const [choice] = completion.choices;
      const calls = (choice?.message.tool_calls ?? []).flatMap((call) =>
        'function' in call ? [{ name: call.function.name, arguments: JSON.parse(call.function.arguments) }] : [],
      );
      expect(calls).toEqual(row.expect.tool_calls.map(({ name, arguments: args }) => ({ name, arguments: args })));
      expect(collapse(choice?.message.content)).toBe(collapse(row.expect.content));
      expect(choice?.finish_reason).toBe(row.expect.finish_reason);
    }
  });
});
