/**
 * What Codex sends, written by hand from its public source and documentation: long instructions, messages of the developer, tools of its own and
 * of OpenAI's, thinking that comes back, nothing stored. The same conversation on both wires asks the model the same and costs the same.
 */
import { describe, expect, it } from 'vitest';
import { clientKey, createFakeApp } from '../support/fakes/app.ts';
import { eventsIn, expectEvent, expectWellFormed } from '../core/surfaces/responses-schema.ts';
import { chunk, done, role, stop, streamReply, text, usageChunk } from './wire.ts';

const steps = 10;
const instructions = `You are Codex, a coding agent that runs in the terminal of a user. ${'Prefer small changes. '.repeat(40)}`;
const permissions =
  '<permissions instructions>Commands run in a sandbox that may write to the workspace only.</permissions instructions>';
const surroundings = '<environment_context>\n  <cwd>/workspace</cwd>\n  <shell>bash</shell>\n</environment_context>';
const question = 'Rename the function and run the tests.';

const parameters = {
  type: 'object',
  properties: {
    command: { type: 'array', items: { type: 'string' }, description: 'The command to execute' },
    workdir: { type: 'string' },
    timeout_ms: { type: 'number' },
  },
  required: ['command'],
  additionalProperties: false,
};
const names = [
  'shell',
  'update_plan',
  'view_image',
  'read_file',
  'list_dir',
  'grep_files',
  'write_stdin',
  'exec_command',
  'mcp__docs__search',
  'mcp__docs__read',
  'mcp__git__log',
  'mcp__git__diff',
  'spawn_agent',
  'wait_agent',
  'request_user_input',
];
const functions = names.map((name) => ({ name, description: `The tool ${name}`, strict: false, parameters }));
const tools = [
  ...functions.map((tool) => ({ type: 'function', ...tool })),
  { type: 'local_shell' },
  {
    type: 'custom',
    name: 'apply_patch',
    description: 'Edits files',
    format: { type: 'grammar', syntax: 'lark', definition: 'start: "x"' },
  },
  { type: 'web_search', external_web_access: false },
];
const chatTools = functions.map((tool) => ({ type: 'function', function: tool }));

const argumentsOf = (step: number): string => JSON.stringify({ command: ['bash', '-lc', `sed -n '${step},$p' main.ts`] });

/** Step after step: some thinking, a word, a call; at last an answer. */
function replies() {
  const calls = Array.from({ length: steps }, (_, step) => {
    const call = { index: 0, id: `call_${step}`, type: 'function', function: { name: 'shell', arguments: argumentsOf(step) } };
    return streamReply(
      role,
      chunk({ reasoning: `thought ${step}` }),
      text(`Step ${step}.`),
      chunk({ tool_calls: [call] }),
      chunk({}, 'tool_calls'),
      usageChunk,
      done,
    );
  });
  return [...calls, streamReply(role, text('Done.'), stop, usageChunk, done)];
}

function open() {
  const app = createFakeApp({ script: replies(), last: { kind: 'status', status: 503 } });
  const post = async (path: string, body: object) => {
    const headers = {
      authorization: `Bearer ${clientKey}`,
      'content-type': 'application/json',
      originator: 'codex_cli_rs',
      session_id: 'abc',
    };
    const response = await app.send('POST', path, headers, JSON.stringify(body));
    return { status: response.status, text: await app.gateway.time.runUntil(response.text()) };
  };
  return { app, post };
}

interface Turn {
  readonly calls: readonly unknown[];
  readonly text: string;
}

/** Codex sends the whole conversation each time, with the items that it was given. */
async function onResponses() {
  const { app, post } = open();
  const input: unknown[] = [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: permissions }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: surroundings }] },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: question }] },
  ];
  const turns: Turn[] = [];
  for (let step = 0; step <= steps; step += 1) {
    const body = {
      model: 'small',
      instructions,
      input,
      tools,
      tool_choice: 'auto',
      parallel_tool_calls: false,
      reasoning: { effort: 'medium', summary: 'auto' },
      store: false,
      stream: true,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: '0195',
      text: { verbosity: 'medium' },
      client_metadata: { 'x-codex-installation-id': 'i' },
    };
    const { text: stream } = await post('/v1/responses', body);
    const events = eventsIn(stream);
    expectWellFormed(events);
    if (step === 0) for (const event of events) expectEvent(event);
    const items = events.flatMap((event) =>
      event.type === 'response.output_item.done' ? [event['item'] as Record<string, unknown>] : [],
    );
    turns.push({
      calls: items
        .filter(({ type }) => type === 'function_call')
        .map(({ call_id: id, name, arguments: args }) => ({ id, name, args })),
      text: items.flatMap(({ content }) => (Array.isArray(content) ? content.map((part) => part.text) : [])).join(''),
    });
    // As Codex keeps them: without ids, thinking with a summary and without content.
    input.push(
      ...items.map(({ id: _id, status: _status, ...item }) =>
        item['type'] === 'reasoning' ? { ...item, content: null, encrypted_content: null } : item,
      ),
    );
    for (const { call_id: id } of items.filter(({ type }) => type === 'function_call'))
      input.push({
        type: 'function_call_output',
        call_id: id,
        output: `Exit code: 0\nWall time: 0.1 seconds\nOutput:\nline ${step}`,
      });
  }
  return { app, turns };
}

async function onChat() {
  const { app, post } = open();
  const messages: unknown[] = [
    { role: 'system', content: instructions },
    { role: 'developer', content: permissions },
    { role: 'user', content: surroundings },
    { role: 'user', content: question },
  ];
  const turns: Turn[] = [];
  for (let step = 0; step <= steps; step += 1) {
    const body = {
      model: 'small',
      messages,
      tools: chatTools,
      tool_choice: 'auto',
      parallel_tool_calls: false,
      reasoning_effort: 'medium',
      stream: true,
    };
    const { text: stream } = await post('/v1/chat/completions', body);
    const message = {
      role: 'assistant',
      content: '',
      reasoning: '',
      tool_calls: [] as { id: string; type: string; function: { name: string; arguments: string } }[],
    };
    for (const line of stream.split('\n\n')) {
      if (!line.startsWith('data: {')) continue;
      const { delta } = JSON.parse(line.slice(6)).choices[0] ?? { delta: {} };
      message.content += delta.content ?? '';
      message.reasoning += delta.reasoning ?? '';
      for (const { id, function: called } of delta.tool_calls ?? [])
        if (id === undefined) Object(message.tool_calls.at(-1)).function.arguments += called.arguments;
        else message.tool_calls.push({ id, type: 'function', function: { ...called } });
    }
    turns.push({
      calls: message.tool_calls.map(({ id, function: { name, arguments: args } }) => ({ id, name, args })),
      text: message.content,
    });
    const { tool_calls: calls, ...rest } = message;
    messages.push(calls.length === 0 ? rest : message);
    for (const { id } of calls)
      messages.push({ role: 'tool', tool_call_id: id, content: `Exit code: 0\nWall time: 0.1 seconds\nOutput:\nline ${step}` });
  }
  return { app, turns };
}

const bodies = ({ app }: { app: ReturnType<typeof open>['app'] }) => app.gateway.upstream.calls.map(({ body }) => body);
const booked = ({ app }: { app: ReturnType<typeof open>['app'] }) =>
  app.gateway.ledger.entries.map(({ requestId: _id, ...entry }) => entry);

describe('a loop of ten steps as Codex runs it', () => {
  it('gets the same calls on both wires, asks the model the same, and comes to the same totals', async () => {
    const responses = await onResponses();
    const chat = await onChat();
    expect(responses.turns).toEqual(chat.turns);
    expect(responses.turns.flatMap(({ calls }) => calls)).toHaveLength(steps);
    expect(responses.turns.at(-1)?.text).toBe('Done.');
    expect(bodies(responses)).toEqual(bodies(chat));
    expect(bodies(responses)).toHaveLength(steps + 1);
    const sums = (entries: ReturnType<typeof booked>) =>
      JSON.stringify(entries.map((entry) => JSON.parse(JSON.stringify(entry))));
    expect(sums(booked(responses))).toBe(sums(booked(chat)));
  });

  it('is told which tools were left out', async () => {
    const { post } = open();
    const { text: body } = await post('/v1/responses', { model: 'small', input: 'Hi', tools, store: false, stream: true });
    const last = eventsIn(body).at(-1)?.['response'];
    expect(last).toMatchObject({
      'x-routing-metadata': { ignored: ['tools[15] (local_shell)', 'tools[16] (custom)', 'tools[17] (web_search)'] },
    });
  });
});
