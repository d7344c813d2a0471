/** Anthropic's Messages API by its published reference (version 2023-06-01); no real one was asked. */
import { fail } from '../../../shared/result.ts';
import type { ChatBody } from '../chat-request.ts';
import type { Frame } from '../completion.ts';
import { isRecord, tryParse } from '../json.ts';
import type { ModelServerOptions } from '../options.ts';
import type { Refusal } from '../refusal.ts';
import { anthropicError, translateMessages } from './anthropic-request.ts';
import type { Finding, Flavour, Head, Payload, ServerWords, TokenCounts, WholeChoice } from './flavour.ts';
import { vllm } from './vllm.ts';

const words: ServerWords = {
  unauthorized: anthropicError(401, 'authentication_error', 'invalid x-api-key'),
  notFound: anthropicError(404, 'not_found_error', 'Not Found'),
  methodNotAllowed: anthropicError(405, 'invalid_request_error', 'Method Not Allowed'),
  noVectors: anthropicError(404, 'not_found_error', 'Not Found'),
  overloaded: anthropicError(529, 'overloaded_error', 'Overloaded'),
  engineDead: anthropicError(500, 'api_error', 'Internal server error'),
  invalid: ([finding]) => anthropicError(400, 'invalid_request_error', wordsOf(finding)),
  modelMissing: (model) => anthropicError(404, 'not_found_error', `model: ${model}`),
  promptTooLong: (maxModelLen, promptTokens) =>
    anthropicError(400, 'invalid_request_error', `prompt is too long: ${promptTokens} tokens > ${maxModelLen} maximum`),
};

function wordsOf(finding: Finding | undefined): string {
  return `${finding?.loc.replace(/^body\./, '') ?? 'body'}: ${finding?.message ?? 'invalid'}`;
}

export const anthropic: Flavour = {
  ...vllm,
  server: 'cloudflare',
  alwaysParsesCalls: true,
  alwaysParsesReasoning: true,
  words,
  paths: { chat: '/v1/messages', models: '/v1/models' },
  keyIn: (headers) =>
    typeof headers['x-api-key'] === 'string' && headers['anthropic-version'] === '2023-06-01' ? headers['x-api-key'] : null,
  callId: (hex) => `toolu_01${hex.slice(0, 22)}`,
  translate: (body) => (isRecord(body) ? translateMessages(body) : fail(words.invalid([]))),
  rewrite,
  whole,
  check,
  modelList,
};

/** A place in a stream's list of blocks. */
interface OpenBlock {
  readonly kind: 'text' | 'thinking' | 'tool_use';
  readonly call: unknown;
}

/** From OpenAI's chunks to named events, one block after the other. */
async function* rewrite(frames: AsyncIterable<Frame>, counts: TokenCounts): AsyncGenerator<Frame, void> {
  const made: MadeEvents = { open: null, index: -1, isBegun: false };
  for await (const frame of frames) {
    const { payload } = frame;
    // Its streams have no mark: message_stop has been sent.
    if (payload === '[DONE]') continue;
    if (isRecord(payload['error'])) {
      yield eventOf(frame, {
        type: 'error',
        error: { type: 'api_error', message: payload['error']['message'] ?? 'Internal server error' },
      });
      continue;
    }
    const events = eventsOf(made, payload, counts);
    for (const [at, event] of events.entries()) yield { ...eventOf(frame, event), tokens: at === 0 ? frame.tokens : 0 };
  }
}

interface MadeEvents {
  open: OpenBlock | null;
  index: number;
  isBegun: boolean;
}

function eventOf(frame: Frame, payload: Payload): Frame {
  return { ...frame, payload, event: String(payload['type']) };
}

function eventsOf(made: MadeEvents, payload: Payload, counts: TokenCounts): Payload[] {
  const [choice] = Array.isArray(payload['choices']) ? payload['choices'] : [];
  if (!isRecord(choice)) return [];
  const events: Payload[] = [];
  if (!made.isBegun) events.push(...beginning(payload, counts));
  made.isBegun = true;
  const delta = isRecord(choice['delta']) ? choice['delta'] : {};
  const thought = delta['reasoning'] ?? delta['reasoning_content'];
  if (typeof thought === 'string' && thought !== '')
    events.push(
      ...enter(made, 'thinking', null, { type: 'thinking', thinking: '', signature: '' }),
      deltaOf(made, { type: 'thinking_delta', thinking: thought }),
    );
  if (typeof delta['content'] === 'string' && delta['content'] !== '')
    events.push(
      ...enter(made, 'text', null, { type: 'text', text: '' }),
      deltaOf(made, { type: 'text_delta', text: delta['content'] }),
    );
  for (const entry of Array.isArray(delta['tool_calls']) ? delta['tool_calls'] : []) events.push(...callEvents(made, entry));
  if (typeof choice['finish_reason'] !== 'string') return events;
  const reason = stopReason(choice['finish_reason'], choice['stop_reason']);
  const { output_tokens } = usageOf(counts);
  return [
    ...events,
    ...leave(made),
    { type: 'message_delta', delta: reason, usage: { output_tokens } },
    { type: 'message_stop' },
  ];
}

const ownId = (id: unknown): string => String(id).replace(/^chatcmpl-/, 'msg_');

/** With a ping behind it, as there is one. */
function beginning({ id, model }: Payload, counts: TokenCounts): Payload[] {
  const usage = { ...usageOf(counts), output_tokens: 1 };
  const message = {
    id: ownId(id),
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  return [{ type: 'message_start', message }, { type: 'ping' }];
}

function callEvents(made: MadeEvents, entry: unknown): Payload[] {
  if (!isRecord(entry) || !isRecord(entry['function'])) return [];
  const { name, arguments: text } = entry['function'];
  const events = enter(made, 'tool_use', entry['index'], { type: 'tool_use', id: entry['id'], name, input: {} });
  if (events.length > 0) events.push(deltaOf(made, { type: 'input_json_delta', partial_json: '' }));
  return typeof text === 'string' && text !== ''
    ? [...events, deltaOf(made, { type: 'input_json_delta', partial_json: text })]
    : events;
}

/** Ends the block that is open, unless it is this one, and begins it. */
function enter(made: MadeEvents, kind: OpenBlock['kind'], call: unknown, block: Payload): Payload[] {
  if (made.open?.kind === kind && made.open.call === call) return [];
  const ended = leave(made);
  made.open = { kind, call };
  made.index += 1;
  return [...ended, { type: 'content_block_start', index: made.index, content_block: block }];
}

function leave(made: MadeEvents): Payload[] {
  const { open, index } = made;
  made.open = null;
  if (open === null) return [];
  const signature = { type: 'content_block_delta', index, delta: { type: 'signature_delta', signature: 'EqQBCgIYAhIM' } };
  return [...(open.kind === 'thinking' ? [signature] : []), { type: 'content_block_stop', index }];
}

function deltaOf({ index }: MadeEvents, delta: Payload): Payload {
  return { type: 'content_block_delta', index, delta };
}

/** Words that it does not have stay as they are, for faults. */
function stopReason(finish: string, stop: unknown): Payload {
  const own = { stop: typeof stop === 'string' ? 'stop_sequence' : 'end_turn', length: 'max_tokens', tool_calls: 'tool_use' };
  const reason = Object.hasOwn(own, finish) ? own[finish as keyof typeof own] : finish;
  return { stop_reason: reason, stop_sequence: typeof stop === 'string' ? stop : null };
}

function usageOf({ promptTokens, completionTokens, cachedTokens, writtenTokens }: TokenCounts) {
  const read = cachedTokens ?? 0;
  return {
    input_tokens: promptTokens - read - writtenTokens,
    cache_creation_input_tokens: writtenTokens,
    cache_read_input_tokens: read,
    output_tokens: completionTokens,
    service_tier: 'standard',
  };
}

function whole({ id, model }: Head, [choice]: readonly WholeChoice[], counts: TokenCounts): Payload {
  const { content = '', reasoning = {}, calls = [] } = choice?.message ?? {};
  const thought = Object.values(reasoning).join('');
  return {
    id: ownId(id),
    type: 'message',
    role: 'assistant',
    model,
    content: [
      ...(thought === '' ? [] : [{ type: 'thinking', thinking: thought, signature: 'EqQBCgIYAhIM' }]),
      ...(content === '' ? [] : [{ type: 'text', text: content }]),
      ...calls.map(({ id: callId, function: { name, arguments: text } }) => ({
        type: 'tool_use',
        id: callId,
        name,
        input: tryParse(text ?? '') ?? {},
      })),
    ],
    ...stopReason(choice?.ending.finishReason ?? 'stop', choice?.ending.stopReason),
    usage: usageOf(counts),
  };
}

function check({ messages }: ChatBody, { role, servedName }: ModelServerOptions): Refusal | null {
  const hasImage = messages.some(
    ({ content }) => Array.isArray(content) && content.some((part) => isRecord(part) && part['type'] === 'image_url'),
  );
  // Every current one sees; a stand-in that does not shows that nothing was routed here by mistake.
  return hasImage && role !== 'vision'
    ? anthropicError(400, 'invalid_request_error', `${servedName} does not support images.`)
    : null;
}

function modelList(_: ModelServerOptions, names: readonly string[]): Payload {
  const data = names.map((id) => ({ type: 'model', id, display_name: id, created_at: '2025-10-01T00:00:00Z' }));
  return { data, has_more: false, first_id: names[0] ?? null, last_id: names.at(-1) ?? null };
}
