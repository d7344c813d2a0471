/**
 * A coding agent's conversation of ten steps, as Claude Code's documentation shows its requests: marked system blocks, many tools, hosted ones among
 * them, thinking, results in blocks. The same conversation as chat completions reaches the model server in the same words, gets the same calls and
 * costs the same.
 */
import { describe, expect, it } from 'vitest';
import { readMessageStream } from '../support/messages-events.ts';
import type { Reply } from '../support/fakes/fake-upstream.ts';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import { chunk, done, role, streamReply, text, usageChunk } from './wire.ts';

const steps = 10;
const mark = { cache_control: { type: 'ephemeral' } } as const;
const toolNames = [
  'Task',
  'Bash',
  'Glob',
  'Grep',
  'LS',
  'ExitPlanMode',
  'Read',
  'Edit',
  'MultiEdit',
  'Write',
  'NotebookEdit',
  'WebFetch',
  'TodoWrite',
  'BashOutput',
  'KillShell',
  'SlashCommand',
];
const schemaOf = (name: string) => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  type: 'object',
  properties: { path: { type: 'string', description: `What ${name} works on` }, limit: { type: 'number' } },
  required: ['path'],
  additionalProperties: false,
});
const system = [
  'You are Claude Code, an interactive CLI tool.',
  'Help with software engineering.\n\n<env>\nWorking directory: /repo\n</env>',
];
const question = '<system-reminder>\nBe brief.\n</system-reminder>';
const userId = 'user_0123_account_4567_session_89ab';

interface Step {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly said: string;
  readonly result: string;
  readonly isError: boolean;
}

const script: readonly Step[] = Array.from({ length: steps }, (_, i) => ({
  id: `call_${i}`,
  name: toolNames[(i * 3) % toolNames.length] ?? 'Read',
  path: `src/file-${i}.ts`,
  said: i % 2 === 0 ? `Step ${i}.` : '',
  result: `error or not: contents of file ${i}`,
  isError: i === 4,
}));

const replyTo = ({ id, name, path, said }: Step): Reply => {
  const called = { name, arguments: JSON.stringify({ path }) };
  const call = chunk({ tool_calls: [{ index: 0, id, type: 'function', function: called }] });
  return streamReply(role, ...(said === '' ? [] : [text(said)]), call, chunk({}, 'tool_calls'), usageChunk, done);
};

function messagesBody(done_: readonly Step[]): object {
  const history = done_.flatMap(({ id, name, path, said, result, isError }, i) => [
    {
      role: 'assistant',
      content: [...(said === '' ? [] : [{ type: 'text', text: said }]), { type: 'tool_use', id, name, input: { path } }],
    },
    {
      role: 'user',
      content: [
        {
          type: 'tool_result',
          tool_use_id: id,
          content: i % 3 === 0 ? [{ type: 'text', text: result }] : result,
          ...(isError ? { is_error: true } : {}),
          ...(i === done_.length - 1 ? mark : {}),
        },
      ],
    },
  ]);
  return {
    model: 'claude-haiku-4-5-20251001',
    max_tokens: 1000,
    stream: true,
    temperature: 1,
    system: [
      { type: 'text', text: `x-anthropic-billing-header: cc_version=2.1.0; cch=${done_.length};` },
      ...system.map((part) => ({ type: 'text', text: part, ...mark })),
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: question },
          { type: 'text', text: 'Mend the test.', ...mark },
        ],
      },
      ...history,
    ],
    tools: [
      ...toolNames.map((name) => ({ name, description: `The tool ${name}`, input_schema: schemaOf(name) })),
      { type: 'web_search_20250305', name: 'web_search', max_uses: 8 },
    ],
    tool_choice: { type: 'auto' },
    thinking: { type: 'enabled', budget_tokens: 31_999 },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
    metadata: { user_id: userId },
  };
}

function chatBody(done_: readonly Step[]): object {
  const history = done_.flatMap(({ id, name, path, said, result }) => [
    {
      role: 'assistant',
      ...(said === '' ? {} : { content: said }),
      tool_calls: [{ id, type: 'function', function: { name, arguments: JSON.stringify({ path }) } }],
    },
    { role: 'tool', content: result, tool_call_id: id },
  ]);
  const parts = (...texts: string[]) => texts.map((part) => ({ type: 'text', text: part }));
  return {
    model: 'small',
    max_tokens: 1000,
    stream: true,
    stream_options: { include_usage: true },
    temperature: 1,
    messages: [
      { role: 'system', content: parts(...system) },
      { role: 'user', content: parts(question, 'Mend the test.') },
      ...history,
    ],
    tools: toolNames.map((name) => ({
      type: 'function',
      function: { name, description: `The tool ${name}`, parameters: schemaOf(name) },
    })),
    tool_choice: 'auto',
    reasoning_effort: 'high',
    user: userId,
  };
}

async function run(path: string, bodyOf: (done_: readonly Step[]) => object, callIn: (stream: string) => unknown) {
  const app = createFakeApp({ script: script.map(replyTo) });
  const calls: unknown[] = [];
  const ignored: unknown[] = [];
  const headers = {
    authorization: `Bearer ${clientKey}`,
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14',
  };
  for (const at of script.keys()) {
    const response = await app.send('POST', `${path}?beta=true`, headers, JSON.stringify(bodyOf(script.slice(0, at))));
    expect(response.status).toBe(200);
    ignored.push(JSON.parse(response.headers.get('x-routing-metadata') ?? '{}').ignored);
    calls.push(callIn(await app.gateway.time.runUntil(response.text())));
  }
  const { gateway } = app;
  const booked = gateway.ledger.entries.map(({ attemptUsages, costNanoUsd, servedModel, ending, attempts, toolCalls }) => {
    return { usages: attemptUsages, costNanoUsd, servedModel, ending, attempts, toolCalls };
  });
  return { calls, ignored, booked, sent: gateway.upstream.calls.map(({ body }) => body) };
}

function callInMessage(stream: string): unknown {
  const { message, faults } = readMessageStream(stream);
  expect(faults).toEqual([]);
  expect(message?.['stop_reason']).toBe('tool_use');
  const block = message?.content.find(({ type }) => type === 'tool_use');
  return [block?.['id'], block?.['name'], block?.['input']];
}

function callInChunks(stream: string): unknown {
  const deltas = [...stream.matchAll(/^data: (\{.*)$/gm)].flatMap(
    ([, data = '']) => JSON.parse(data).choices[0]?.delta.tool_calls ?? [],
  );
  const args = deltas.map((one: { function: { arguments?: string } }) => one.function.arguments ?? '').join('');
  return [deltas[0]?.id, deltas[0]?.function.name, JSON.parse(args)];
}

describe('ten steps of a coding agent', () => {
  it('are the same calls, the same words for the model server and the same bill as over chat completions', async () => {
    const over = await run('/v1/messages', messagesBody, callInMessage);
    const chat = await run('/v1/chat/completions', chatBody, callInChunks);
    expect(over.calls).toEqual(script.map(({ id, name, path }) => [id, name, { path }]));
    expect(over.calls).toEqual(chat.calls);
    expect(over.sent).toHaveLength(steps);
    expect(over.sent).toEqual(chat.sent);
    expect(over.booked).toEqual(chat.booked);
    expect(Math.min(...over.booked.map(({ costNanoUsd }) => costNanoUsd))).toBeGreaterThan(0);
  });

  it('are told what was left out of each', async () => {
    const { ignored } = await run('/v1/messages', messagesBody, callInMessage);
    expect(new Set(ignored.map((names) => JSON.stringify(names)))).toEqual(
      new Set([JSON.stringify(['tools[16] (web_search_20250305)', 'context_management'])]),
    );
  });

  it('have the same prompt whatever the client notes for its vendor, so that a prefix cache hits', async () => {
    const { sent } = await run('/v1/messages', messagesBody, callInMessage);
    const systems = new Set(sent.map(({ messages }) => JSON.stringify((messages as unknown[])[0])));
    expect(systems.size).toBe(1);
    expect([...systems][0]).not.toContain('billing');
  });
});
