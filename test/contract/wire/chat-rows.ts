/**
 * The wire contract, a row each: what is asked, what is seen from the model server itself, and what is seen through the gateway. Held
 * against the stand-ins in every run of the tests, and against real servers by `npm run test:real`.
 */
import { expect } from 'vitest';
import type { OwnFlavourName } from '../../../infra/standin/flavours/registry.ts';
import type { Seen } from './seen.ts';
import type { WireServer } from './server.ts';

/** A part of what is seen, with matchers where it is not always the same. */
export type Sight = Partial<Record<keyof Seen, unknown>>;

export interface ChatRow {
  readonly name: string;
  /** Without the model. */
  body(server: WireServer): object;
  /** Streamed, whole, or both (the default). */
  readonly way?: 'stream' | 'whole';
  /** From the server itself; where kinds of servers differ, each its own. */
  readonly direct: Sight | Readonly<Record<OwnFlavourName, Sight>>;
  readonly gateway: Sight | Readonly<Record<OwnFlavourName, Sight>>;
  /** Which event follows which is chance: of several choices, of a call that may come twice or after some text. */
  readonly hasAnyOrder?: true;
  /** The gateway's text, calls and usage are the server's: greedy answers to one prompt are equal. */
  readonly isEqual?: true;
}

const user = (content: unknown): object => ({ messages: [{ role: 'user', content }] });
const greedy = { temperature: 0, max_tokens: 48 };
/** Room for two: a small model that is told to repeat a call may do so twice, or say something first. */
const calling = { temperature: 0, max_tokens: 96 };
const pangram = 'The quick brown fox jumps over the fence.';

const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false };
const tool = (name: string, more: object = {}) => ({
  type: 'function' as const,
  function: { name, description: 'Weather', parameters, ...more },
});
export const tools = [tool('get_weather')];
export const paris = { name: 'get_weather', arguments: { city: 'Paris' } };
const named = { type: 'function', function: { name: 'get_weather' } };
const callParis = ({ say }: WireServer): object => user(say.call(paris.name, paris.arguments));

const colour = {
  type: 'object',
  properties: { colour: { enum: ['red', 'green'] } },
  required: ['colour'],
  additionalProperties: false,
};
const choosing = { type: 'function', function: { name: 'choose', parameters: colour, strict: true } };
const colourText = expect.stringMatching(/^\s*\{\s*"colour"\s*:\s*"(?:red|green)"\s*\}\s*$/);

const tokens = (completion: unknown) => ({
  prompt_tokens: expect.any(Number),
  completion_tokens: completion,
  total_tokens: expect.any(Number),
});
const refused = (status: number, error: object | string): Sight => ({ status, isStream: false, error });
/** What the gateway says of a mistake in a request. */
const told = (status: number, code: string, param: string | null): Sight =>
  refused(status, { type: 'invalid_request_error', code, param, message: expect.any(String) });
/** What llama.cpp says. */
const llamaRefusal = (code: number, type: string, message: unknown): Sight =>
  refused(code, expect.objectContaining({ code, type, message }));
const vllmRefusal = (code: number, param: string | null, message: unknown, type = 'BadRequestError'): Sight =>
  refused(code, { code, type, param, message });

export const answers: readonly ChatRow[] = [
  {
    name: 'text ends with stop',
    body: ({ say }) => ({ ...user(say.text(pangram)), ...greedy }),
    direct: { status: 200, text: expect.stringContaining(pangram), finish: ['stop'], usage: tokens(expect.any(Number)) },
    gateway: { status: 200, finish: ['stop'] },
    isEqual: true,
  },
  {
    name: 'a limit cuts with length, after so many tokens',
    body: ({ say }) => ({ ...user(say.text(pangram)), temperature: 0, max_tokens: 3 }),
    direct: { status: 200, finish: ['length'], usage: tokens(3) },
    gateway: { status: 200, finish: ['length'], usage: tokens(3) },
    isEqual: true,
  },
  {
    name: 'a stop text ends the answer before it',
    body: ({ say }) => ({ ...user(say.text(pangram)), ...greedy, stop: [' fox'] }),
    direct: { status: 200, text: expect.stringMatching(/quick brown$/), finish: ['stop'] },
    gateway: { status: 200, finish: ['stop'] },
    isEqual: true,
  },
  {
    name: 'an answer that was begun is continued',
    body: ({ say }) => ({
      messages: [
        { role: 'user', content: say.text(pangram) },
        { role: 'assistant', content: 'The quick brown' },
      ],
      ...greedy,
      continue_final_message: true,
      add_generation_prompt: false,
    }),
    direct: { status: 200, text: expect.stringMatching(/ fox jumps/), finish: ['stop'] },
    // Of a whole answer llama.cpp repeats what was begun; clients get the rest from both.
    gateway: { status: 200, text: expect.stringMatching(/^ fox jumps/), finish: ['stop'] },
  },
  {
    name: 'two choices are told apart',
    hasAnyOrder: true,
    body: ({ say }) => ({ ...user(say.text(pangram)), temperature: 0.2, max_tokens: 6, n: 2, seed: 7 }),
    direct: { status: 200, texts: [expect.stringMatching(/\w/), expect.stringMatching(/\w/)], finish: ['length', 'length'] },
    gateway: { status: 200, texts: [expect.stringMatching(/\w/), expect.stringMatching(/\w/)], finish: ['length', 'length'] },
  },
  {
    name: 'log probabilities come with every token',
    body: ({ say }) => ({ ...user(say.text(pangram)), temperature: 0, max_tokens: 4, logprobs: true, top_logprobs: 2 }),
    direct: {
      status: 200,
      logprobs: Array.from({ length: 4 }, () =>
        expect.objectContaining({
          token: expect.any(String),
          logprob: expect.any(Number),
          top_logprobs: [expect.anything(), expect.anything()],
        }),
      ),
    },
    gateway: {
      status: 200,
      logprobs: Array.from({ length: 4 }, () =>
        expect.objectContaining({ top_logprobs: [expect.anything(), expect.anything()] }),
      ),
    },
    isEqual: true,
  },
  {
    hasAnyOrder: true,
    name: 'a tool is called',
    body: (server) => ({ ...callParis(server), ...calling, tools }),
    direct: { status: 200, calls: expect.arrayContaining([paris]), finish: ['tool_calls'] },
    gateway: { status: 200, calls: expect.arrayContaining([paris]), finish: ['tool_calls'] },
  },
  {
    hasAnyOrder: true,
    name: 'a tool is called because one must be',
    body: (server) => ({
      ...callParis(server),
      ...calling,
      tools: [tool('get_weather', { strict: true })],
      tool_choice: 'required',
    }),
    direct: { status: 200, calls: expect.arrayContaining([paris]), finish: ['tool_calls'] },
    gateway: { status: 200, calls: expect.arrayContaining([paris]), finish: ['tool_calls'] },
  },
  {
    name: 'no answer ends without the call that it must make',
    way: 'whole',
    // llama.cpp lets the model say what it likes before the call: a small model comes to no call, and only the limit ends it.
    body: ({ say, flavour }) => ({
      ...user(say.text(pangram)),
      temperature: 0,
      max_tokens: flavour === 'vllm' ? 48 : 4,
      tools: [choosing],
      tool_choice: 'required',
    }),
    direct: {
      vllm: { status: 200, calls: [{ name: 'choose', arguments: { colour: expect.any(String) } }], finish: ['tool_calls'] },
      'llama-cpp': { status: 200, calls: [], text: expect.stringMatching(/\w/), finish: ['length'] },
    },
    gateway: {
      vllm: { status: 200, calls: [{ name: 'choose', arguments: { colour: expect.any(String) } }], finish: ['tool_calls'] },
      'llama-cpp': { status: 200, calls: [], finish: ['length'] },
    },
  },
  {
    hasAnyOrder: true,
    name: 'the tool that was named is called',
    body: (server) => ({ ...callParis(server), ...calling, tools: [tool('get_weather', { strict: true })], tool_choice: named }),
    direct: {
      vllm: { status: 200, calls: expect.arrayContaining([paris]), finish: ['stop'] },
      'llama-cpp': { status: 200, calls: expect.arrayContaining([paris]), finish: ['tool_calls'] },
    },
    // Agents go on where they read `tool_calls`, so the gateway says it of every answer with a call.
    gateway: { status: 200, calls: expect.arrayContaining([paris]), finish: ['tool_calls'] },
  },
  {
    name: 'a conversation with a call and its result goes on',
    body: ({ say }) => ({
      messages: [
        { role: 'user', content: 'What is the weather in Paris?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: '{"celsius":12}' },
        { role: 'user', content: say.text('Twelve degrees.') },
      ],
      ...greedy,
      tools,
      tool_choice: 'none',
    }),
    direct: { status: 200, calls: [], text: expect.stringMatching(/\w/) },
    gateway: { status: 200, calls: [], text: expect.stringMatching(/\w/) },
  },
  {
    name: 'JSON keeps to a schema',
    body: () => ({
      ...user('Which colour is grass?'),
      ...greedy,
      response_format: { type: 'json_schema', json_schema: { name: 'colour', schema: colour, strict: true } },
    }),
    direct: { status: 200, text: colourText, finish: ['stop'] },
    gateway: { status: 200, text: colourText, finish: ['stop'] },
  },
];

/** Requests that are refused. Asked for as whole answers: a refusal is no stream. */
export const refusals: readonly ChatRow[] = [
  {
    name: 'a prompt longer than the context',
    body: ({ contextTokens }) => ({ ...user('word '.repeat(contextTokens + 500)), max_tokens: 5 }),
    direct: {
      vllm: vllmRefusal(
        400,
        'input_tokens',
        expect.stringMatching(
          /^This model's maximum context length is 4096 tokens\. However, your prompt contains at least 4097 input tokens/,
        ),
      ),
      'llama-cpp': llamaRefusal(
        400,
        'exceed_context_size_error',
        expect.stringMatching(/^request \(\d+ tokens\) exceeds the available context size \(2048 tokens\), try increasing it$/),
      ),
    },
    gateway: told(400, 'context_length_exceeded', 'messages'),
  },
  {
    name: 'a temperature that is no number',
    body: () => ({ ...user('Hello'), temperature: 'hot' }),
    direct: {
      vllm: vllmRefusal(400, 'body.temperature', expect.stringMatching(/^1 validation error:/), 'Bad Request'),
      'llama-cpp': llamaRefusal(400, 'invalid_request_error', expect.stringMatching(/^Field 'temperature': /)),
    },
    gateway: told(400, 'invalid_value', 'temperature'),
  },
  {
    name: 'no messages at all',
    body: () => ({ max_tokens: 3 }),
    direct: {
      vllm: vllmRefusal(400, 'body.messages', expect.stringMatching(/Field required/), 'Bad Request'),
      'llama-cpp': llamaRefusal(400, 'invalid_request_error', "'messages' is required"),
    },
    gateway: told(400, 'missing_field', 'messages'),
  },
  {
    name: 'a tool choice without tools',
    body: () => ({ ...user('Hello'), max_tokens: 3, tool_choice: 'required' }),
    direct: { vllm: vllmRefusal(400, 'tool_choice', expect.stringMatching(/`tools` must be set/)), 'llama-cpp': { status: 200 } },
    gateway: told(400, 'invalid_value', 'tool_choice'),
  },
  {
    name: 'an image for a model without eyes',
    body: () => ({ ...user([{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }]), max_tokens: 3 }),
    direct: {
      vllm: vllmRefusal(400, null, expect.stringMatching(/is not a multimodal model/)),
      'llama-cpp': llamaRefusal(500, 'server_error', expect.stringMatching(/image input is not supported/)),
    },
    gateway: told(400, 'vision_model_missing', 'messages'),
  },
];
