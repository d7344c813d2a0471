/** Reads answers of Anthropic's Messages API: whole, and event by event. */
import { fail, ok, type Result } from '../../../shared/result.ts';
import { asArray, asInteger, asObject, asString } from '../json/view.ts';
import type { ChunkChoice, ChunkDelta, ReportedUsage, UpstreamChunk, UpstreamCompletion } from './dialect.ts';
import { unreadable, type UpstreamFailure } from './transport-failure.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Null when the body is no answer. */
export function readMessage(body: unknown): UpstreamCompletion | null {
  const message = asObject(body);
  const blocks = asArray(message?.['content']);
  if (message === null || blocks === null) return null;
  let [content, reasoning] = ['', ''];
  const calls: unknown[] = [];
  for (const item of blocks) {
    const block = asObject(item);
    content += block?.['type'] === 'text' ? (asString(block['text']) ?? '') : '';
    reasoning += block?.['type'] === 'thinking' ? (asString(block['thinking']) ?? '') : '';
    if (block?.['type'] === 'tool_use') calls.push(callOf(block, calls.length, JSON.stringify(block['input'] ?? {})));
  }
  const delta = { content: content || null, reasoning: reasoning || null, tool_calls: calls.length > 0 ? calls : null };
  return {
    ...headOf(message),
    choices: [choiceOf(delta, asString(message['stop_reason']))],
    usage: usageOf(asObject(message['usage'])),
  };
}

/** Unlike OpenAI's, the count of input tokens leaves out what was read from the cache and what was written into it. */
function usageOf(counts: Fields | null): ReportedUsage | null {
  if (counts === null) return null;
  const [read, written] = [counts['cache_read_input_tokens'] ?? 0, counts['cache_creation_input_tokens'] ?? 0];
  const fresh = counts['input_tokens'];
  const isWhole = typeof fresh === 'number' && typeof read === 'number' && typeof written === 'number';
  return {
    promptTokens: isWhole ? fresh + read + written : fresh,
    completionTokens: counts['output_tokens'],
    cachedTokens: read,
    reasoningTokens: asObject(counts['output_tokens_details'])?.['thinking_tokens'] ?? null,
    ...(written === 0 ? {} : { cacheWriteTokens: written }),
  };
}

function headOf(message: Fields): Pick<UpstreamCompletion, 'id' | 'created' | 'model'> {
  return { id: asString(message['id']) || null, created: null, model: asString(message['model']) || null };
}

function choiceOf(delta: ChunkDelta, finishReason: string | null): ChunkChoice {
  const { content = null, reasoning = null, tool_calls = null } = delta;
  return { index: 0, delta: { content, reasoning, tool_calls, refusal: null }, finishReason, logprobs: null };
}

function callOf(block: Fields, index: number, text: string): unknown {
  const { id, name } = block;
  return { index, id, type: 'function', function: { name, arguments: text } };
}

const blank = { id: null, created: null, model: null, choices: [], usage: null, isPlainContent: false, hasRole: false };
const nothing: Result<UpstreamChunk, UpstreamFailure> = ok(blank);

/** One stream's state: which of its blocks is which call, and what it has counted so far. */
interface StreamState {
  /** By the block's index: the call's position, and whether its arguments have come. */
  readonly calls: Map<unknown, { readonly position: number; isBegun: boolean }>;
  counts: Fields;
}

/** A reader of one stream. Events that it does not know are skipped, as the API's versioning rules ask. */
export function createEventReader(): (event: unknown) => Result<UpstreamChunk, UpstreamFailure> {
  const state: StreamState = { calls: new Map(), counts: {} };
  return (event) => {
    const fields = asObject(event);
    if (fields === null) return typeof event === 'string' && event.trim() !== '' ? fail(unreadable) : nothing;
    switch (fields['type']) {
      case 'message_start':
        return begin(state, asObject(fields['message']) ?? {});
      case 'content_block_start':
        return startBlock(state, fields['index'], asObject(fields['content_block']) ?? {});
      case 'content_block_delta':
        return readDelta(state, fields['index'], asObject(fields['delta']));
      case 'content_block_stop':
        return endBlock(state, fields['index']);
      case 'message_delta':
        return readEnd(state, fields);
      default:
        // An answer in one piece, or one of another wire, is no event of this one.
        return fields['type'] === undefined ? fail(unreadable) : nothing;
    }
  };
}

function piece(delta: ChunkDelta): Result<UpstreamChunk, UpstreamFailure> {
  return ok({ ...blank, choices: [choiceOf(delta, null)] });
}

/** What it has counted of the output by now is no count of the answer. */
function begin(state: StreamState, message: Fields): Result<UpstreamChunk, UpstreamFailure> {
  state.counts = asObject(message['usage']) ?? {};
  const { output_tokens: _, ...counts } = state.counts;
  return ok({ ...blank, ...headOf(message), choices: [choiceOf({}, null)], usage: usageOf(counts) });
}

function startBlock(state: StreamState, index: unknown, block: Fields): Result<UpstreamChunk, UpstreamFailure> {
  if (block['type'] === 'text' && block['text']) return piece({ content: asString(block['text']) });
  if (block['type'] === 'thinking' && block['thinking']) return piece({ reasoning: asString(block['thinking']) });
  if (block['type'] !== 'tool_use') return nothing;
  const input = asObject(block['input']) ?? {};
  // Usually empty here; compatible servers send all of it at once.
  const text = Object.keys(input).length > 0 ? JSON.stringify(input) : '';
  const call = { position: state.calls.size, isBegun: text !== '' };
  state.calls.set(index, call);
  return piece({ tool_calls: [callOf(block, call.position, text)] });
}

function readDelta(state: StreamState, index: unknown, delta: Fields | null): Result<UpstreamChunk, UpstreamFailure> {
  const text = (name: string): string | null => asString(delta?.[name]);
  switch (delta?.['type']) {
    case 'text_delta':
      return text('text') === null ? fail(unreadable) : piece({ content: text('text') });
    case 'thinking_delta':
      return text('thinking') === null ? fail(unreadable) : piece({ reasoning: text('thinking') });
    case 'input_json_delta':
      return addArguments(state, index, text('partial_json'));
    default:
      // Signatures, citations, and what is still to come.
      return delta === null ? fail(unreadable) : nothing;
  }
}

function addArguments(state: StreamState, index: unknown, text: string | null): Result<UpstreamChunk, UpstreamFailure> {
  const call = state.calls.get(index);
  // Of a tool that the vendor runs itself.
  if (call === undefined) return nothing;
  if (text === null) return fail(unreadable);
  if (text === '') return nothing;
  call.isBegun = true;
  return piece({ tool_calls: [{ index: call.position, function: { arguments: text } }] });
}

/** A call without arguments is an empty object, and its end is known. */
function endBlock(state: StreamState, index: unknown): Result<UpstreamChunk, UpstreamFailure> {
  const call = state.calls.get(index);
  if (call === undefined || call.isBegun) return nothing;
  call.isBegun = true;
  return piece({ tool_calls: [{ index: call.position, function: { arguments: '{}' } }] });
}

/** The counts are those of the whole answer so far; what is missing among them stands at the beginning. */
function readEnd(state: StreamState, event: Fields): Result<UpstreamChunk, UpstreamFailure> {
  const counts = Object.entries(asObject(event['usage']) ?? {}).filter(([, count]) => count !== null);
  state.counts = { ...state.counts, ...Object.fromEntries(counts) };
  const reason = asString(asObject(event['delta'])?.['stop_reason']) || null;
  const hasOutput = asInteger(Object.fromEntries(counts)['output_tokens']) !== null;
  const { output_tokens: _, ...input } = state.counts;
  const choices = reason === null ? [] : [choiceOf({}, reason)];
  return ok({ ...blank, choices, usage: usageOf(hasOutput ? state.counts : input) });
}
