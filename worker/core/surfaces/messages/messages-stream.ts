/**
 * A stream of the Messages API: `message_start`, then one block after the other (`content_block_start`, deltas, `content_block_stop`), then
 * `message_delta` with the reason and the usage, and `message_stop` behind a whole answer. Answers may have several calls under way at once;
 * this wire has one block open at a time, so what belongs to a later block waits until those before it have ended.
 */
import type { Failure } from '../../../../shared/errors.ts';
import type { RoutingMetadata } from '../../../../shared/routing-metadata.ts';
import type { Usage } from '../../../../shared/usage.ts';
import type { AnswerEvent } from '../../answer/answer-events.ts';
import type { AnswerHead } from '../../answer/whole-answer.ts';
import type { StreamRequest } from '../../request/inner-request.ts';
import type { StreamWriter } from '../surface.ts';
import { errorBody } from './messages-error.ts';
import { type Ending, messageId, showsThinking, stopFields, thinkingSignature, wireUsage } from './render.ts';

interface Block {
  readonly kind: 'text' | 'thinking' | 'tool_use';
  /** Of a call: its number in the answer, its id and name. */
  readonly call: { readonly index: number; readonly id: string; readonly name: string } | null;
  /** Not written yet. */
  waiting: string;
  isOver: boolean;
}

interface StreamState {
  readonly request: StreamRequest;
  readonly requestId: string;
  hasBegun: boolean;
  /** Blocks that have ended on the wire: the number of the one that is open, or opens next. */
  index: number;
  isOpen: boolean;
  /** The first is the one that is open, or opens next. */
  blocks: Block[];
  ending: { -readonly [key in keyof Ending]: Ending[key] };
  routing: RoutingMetadata | null;
  /** `message_delta` has gone out. */
  isSummed: boolean;
}

export function createMessagesStream(request: StreamRequest, requestId: string): StreamWriter {
  const state: StreamState = {
    request,
    requestId,
    hasBegun: false,
    index: 0,
    isOpen: false,
    blocks: [],
    ending: { reason: null, stopSequence: null, hasCalls: false, isRefused: false },
    routing: null,
    isSummed: false,
  };
  return {
    write(head, events, routing) {
      let text = '';
      for (const event of events) {
        if (!state.hasBegun) text += begin(state, head);
        if (event.kind === 'usage') text += sum(state, event.usage);
        else text += take(state, event, routing);
      }
      return text;
    },
    // No model server writes this wire.
    pass: null,
    end: () => (state.isSummed ? '' : sum(state, nothingKnown)) + frame('message_stop', {}),
    fail: (failure: Failure) => `event: error\ndata: ${errorBody(failure, requestId)}\n\n`,
  };
}

const nothingKnown: Usage = {
  promptTokens: 0,
  completionTokens: 0,
  cachedTokens: null,
  reasoningTokens: null,
  isEstimated: true,
};

/** One event; its type stands in its data as well. */
function frame(type: string, fields: Readonly<Record<string, unknown>>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

function begin(state: StreamState, head: AnswerHead): string {
  state.hasBegun = true;
  const usage = { ...nothingKnown, promptTokens: state.request.promptTokens ?? 0, isEstimated: false };
  const message = {
    id: messageId(head.id),
    type: 'message',
    role: 'assistant',
    model: head.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: wireUsage(usage),
  };
  return frame('message_start', { message }) + frame('ping', {});
}

/** The end of the content: the reason, and what the whole answer has cost. */
function sum(state: StreamState, usage: Usage): string {
  state.isSummed = true;
  const { ending, routing } = state;
  const closed = closeAll(state);
  const metadata = routing === null ? {} : { 'x-routing-metadata': routing };
  return closed + frame('message_delta', { delta: stopFields(ending), usage: wireUsage(usage), ...metadata });
}

function take(state: StreamState, event: Exclude<AnswerEvent, { kind: 'usage' }>, routing: () => RoutingMetadata): string {
  // One answer is asked for at a time.
  if (event.choice !== 0) return '';
  switch (event.kind) {
    case 'text':
      return say(state, 'text', event.text);
    case 'refusal':
      state.ending.isRefused = true;
      return say(state, 'text', event.text);
    case 'reasoning':
      return showsThinking(state.request) ? say(state, 'thinking', event.text) : '';
    case 'call': {
      state.ending.hasCalls = true;
      const { index, id, name, arguments: args } = event;
      state.blocks.push({ kind: 'tool_use', call: { index, id, name }, waiting: args, isOver: false });
      return flush(state);
    }
    case 'call_arguments':
      return addTo(state, blockOf(state, event.index), event.arguments);
    case 'call_end': {
      const block = blockOf(state, event.index);
      if (block !== undefined) block.isOver = true;
      return flush(state);
    }
    case 'finish':
      state.ending.reason = event.reason;
      state.ending.stopSequence = event.stopSequence ?? null;
      state.routing = routing();
      return closeAll(state);
    case 'begin':
    case 'logprobs':
      return '';
  }
}

function blockOf({ blocks }: StreamState, index: number): Block | undefined {
  return blocks.find(({ call }) => call?.index === index);
}

/** Text and thinking go on where the last block is of their kind; anything else begins a new one, and ends them. */
function say(state: StreamState, kind: 'text' | 'thinking', text: string): string {
  const last = state.blocks.at(-1);
  if (last?.kind === kind) return addTo(state, last, text);
  state.blocks.push({ kind, call: null, waiting: text, isOver: false });
  return flush(state);
}

function addTo(state: StreamState, block: Block | undefined, text: string): string {
  if (block === undefined) return '';
  block.waiting += text;
  return flush(state);
}

/** Writes what may be written: of the first block all, of the next ones as soon as those before them are over. */
function flush(state: StreamState): string {
  let text = '';
  for (;;) {
    const [block, next] = state.blocks;
    if (block === undefined) return text;
    if (!state.isOpen && isBlank(block)) {
      if (next === undefined && !block.isOver) return text;
      if (next !== undefined || state.index > 0) {
        state.blocks.shift();
        continue;
      }
    }
    if (!state.isOpen) text += open(state, block);
    if (block.waiting !== '') text += delta(state, block);
    const isOver = block.call === null ? next !== undefined : block.isOver;
    if (!isOver) return text;
    text += close(state, block);
  }
}

/** Line breaks between calls are no block of their own: servers of this wire refuse one in a history. */
function isBlank({ kind, waiting }: Block): boolean {
  return kind === 'text' && waiting.trim() === '';
}

function open(state: StreamState, { kind, call }: Block): string {
  state.isOpen = true;
  const { index } = state;
  if (call !== null)
    return frame('content_block_start', { index, content_block: { type: kind, id: call.id, name: call.name, input: {} } });
  const empty = kind === 'text' ? { text: '' } : { thinking: '', signature: '' };
  return frame('content_block_start', { index, content_block: { type: kind, ...empty } });
}

function delta(state: StreamState, block: Block): string {
  const { kind, waiting } = block;
  block.waiting = '';
  return frame('content_block_delta', { index: state.index, delta: deltaOf(kind, waiting) });
}

function deltaOf(kind: Block['kind'], text: string): Readonly<Record<string, unknown>> {
  switch (kind) {
    case 'text':
      return { type: 'text_delta', text };
    case 'thinking':
      return { type: 'thinking_delta', thinking: text };
    case 'tool_use':
      return { type: 'input_json_delta', partial_json: text };
  }
}

function close(state: StreamState, { kind }: Block): string {
  const { index } = state;
  state.index += 1;
  state.isOpen = false;
  state.blocks.shift();
  const signed =
    kind === 'thinking'
      ? frame('content_block_delta', { index, delta: { type: 'signature_delta', signature: thinkingSignature } })
      : '';
  return signed + frame('content_block_stop', { index });
}

function closeAll(state: StreamState): string {
  for (const block of state.blocks) block.isOver = true;
  let text = flush(state);
  const [last] = state.blocks;
  if (last !== undefined) text += close(state, last);
  return text;
}
