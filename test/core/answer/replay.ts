/** Replays a server's stream through decoder and answer as the relay does, and keeps what a client would have seen of it. */
import type { ResponseFormat } from '../../../shared/chat.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import { type Answer, type AnswerOptions, createAnswer, type Feed, isComplete } from '../../../worker/core/answer/answer.ts';
import { type Choice, createChoice } from '../../../worker/core/answer/choice.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { createEventDecoder } from '../../../worker/core/sse/decode-events.ts';
import { encodeData } from '../../../worker/core/sse/encode-events.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';
import { createChatStream } from '../../../worker/core/surfaces/chat/chat-stream.ts';
import { compileFormat } from '../../../worker/core/structured/compile-format.ts';
import { createStreamCheck } from '../../../worker/core/structured/stream-check.ts';
import {
  type AnswerMachineOptions,
  createAnswerMachine,
  isPlainText,
  isTransparent,
} from '../../../worker/core/answer/answer-machine.ts';
import type { Dialect } from '../../../worker/core/upstreams/dialect.ts';
import { parseLenient } from '../../../worker/core/upstreams/lenient-json.ts';
import { createVllm } from '../../../worker/core/upstreams/vllm.ts';
import { configWith } from '../../support/fakes/config.ts';

const { limits } = configWith();
const vllm = createVllm(asItIs);

export interface ReplayOptions {
  readonly formats?: Parameters<typeof createAnswerMachine>[0]['formats'];
  readonly tools?: readonly string[];
  readonly reasoning?: 'none' | 'think' | 'think_open';
  readonly n?: number;
  readonly emission?: 'atomic' | 'early';
  readonly maxAnswerChars?: number;
  readonly keepsLogprobs?: boolean;
  readonly responseFormat?: ResponseFormat;
  readonly demandedCall?: AnswerOptions['demandedCall'];
  readonly refusesEmpty?: boolean;
  /** Left out: it may repeat itself as much as it likes. */
  readonly maxRepeatedTokens?: number;
  readonly mayRepeat?: AnswerOptions['mayRepeat'];
  /** The stream stays open forever after its last piece. */
  readonly isOpen?: boolean;
  /** vLLM's, if left out. */
  readonly dialect?: Dialect;
  /** False for a client of another wire than the server's. */
  readonly passesPayloads?: boolean;
}

export interface ClientChoice {
  role: string | null;
  content: string;
  reasoning: string;
  refusal: string;
  calls: { id: string; name: string; arguments: string }[];
  finishReason: string | null;
  logprobs: unknown[];
}

export interface ClientView {
  readonly choices: Record<number, ClientChoice>;
  readonly isComplete: boolean;
  readonly sawDone: boolean;
  readonly problem: string | null;
  readonly usage: unknown;
  readonly contentEvents: number;
  readonly warnings: readonly string[];
}

/** An answer with the real machine behind it, as the pipeline builds it. */
export function answerWith(options: ReplayOptions = {}): Answer {
  const { formats = [], tools = [], reasoning = 'none', n = 1, maxAnswerChars = 8_000_000, keepsLogprobs = false } = options;
  const asked = innerRequest({ model: 'auto', messages: [], response_format: options.responseFormat });
  const format = compileFormat(asked, limits);
  if (!format.ok) throw new Error(format.failure.code);
  let calls = 0;
  const reading: AnswerMachineOptions = {
    formats,
    tools: tools.map((name) => ({ name })),
    toolChoice: 'auto',
    allowsParallelCalls: true,
    reasoning,
    emission: options.emission ?? 'atomic',
    maxArgumentsBytes: 262_144,
    newCallId: () => `call_${(calls += 1)}`,
  };
  const machine = () => createAnswerMachine(reading);
  const newChoice = (index: number): Choice =>
    createChoice(index, {
      createMachine: machine,
      isPlain: (text) => isPlainText(reading, text),
      check: format.value === null ? null : createStreamCheck(format.value, limits),
      argumentsCheck: null,
      maxRepeatedTokens: options.maxRepeatedTokens ?? null,
      sent: null,
    });
  const answerOptions: AnswerOptions = {
    dialect: options.dialect ?? vllm,
    passesPayloads: options.passesPayloads ?? true,
    isTransparent: format.value === null && isTransparent(reading),
    choiceCount: n,
    maxAnswerChars,
    keepsLogprobs,
    showsLogprobs: true,
    mayRepeat: options.mayRepeat ?? (() => false),
    refusesInvalidCalls: false,
    demandedCall: options.demandedCall ?? null,
    refusesEmpty: options.refusesEmpty ?? false,
    head: null,
    createChoice: newChoice,
  };
  return createAnswer(answerOptions);
}

/** Feeds the pieces until [DONE] or a problem, as the relay does. Throws when bytes would pass that are not what was understood. */
export function replay(pieces: readonly Uint8Array[], options: ReplayOptions = {}): ClientView {
  const answer = answerWith(options);
  const decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  const events = createEventDecoder({ maxEventBytes: 1_000_000 });
  const choices: Record<number, ClientChoice> = {};
  let problem: string | null = null;
  const take = (payload: string, feed: Feed): Feed => {
    show(choices, payload, feed);
    if (feed.kind === 'broken') problem = feed.problem.failure.code;
    return feed;
  };
  const takeAll = (payloads: readonly string[]): Feed[] => {
    const feeds: Feed[] = [];
    for (const payload of payloads) {
      const feed = take(payload, answer.feed(payload));
      feeds.push(feed);
      if (feed.kind === 'broken' || feed.kind === 'done') break;
    }
    return feeds;
  };
  for (const piece of pieces) {
    const { payloads, isVerbatim } = events.feed(decoder.decode(piece, { stream: true }));
    const feeds = takeAll(payloads);
    if (isVerbatim && feeds.length === payloads.length && feeds.every((feed) => feed.kind === 'verbatim'))
      checkBytes(piece, payloads);
    if (problem !== null || answer.state.sawDone) break;
  }
  if (problem === null && !answer.state.sawDone && options.isOpen !== true) {
    takeAll(events.end().payloads.filter((payload) => vllm.isEndMark(payload) || parseLenient(payload) !== null));
    if (problem === null) take('', answer.end());
  }
  const { sawDone, usage, contentEvents, warnings } = answer.state;
  return { choices, isComplete: isComplete(answer.state), sawDone, problem, usage, contentEvents, warnings };
}

function checkBytes(piece: Uint8Array, payloads: readonly string[]): void {
  const encoded = payloads.map(encodeData).join('');
  if (Buffer.from(piece).toString('latin1') !== Buffer.from(encoded).toString('latin1'))
    throw new Error('bytes pass that differ from the events');
}

interface SeenDelta {
  readonly role?: string;
  readonly content?: string | null;
  readonly reasoning?: string;
  readonly refusal?: string;
  readonly tool_calls?: readonly {
    readonly index: number;
    readonly id?: string;
    readonly function?: { readonly name?: string; readonly arguments?: string };
  }[];
}

interface SeenChoice {
  readonly index: number;
  readonly delta: SeenDelta;
  readonly finish_reason?: string | null;
  readonly logprobs?: unknown;
}

function show(choices: Record<number, ClientChoice>, payload: string, feed: Feed): void {
  for (const seen of seenIn(payload, feed)) take(choices, seen);
}

function seenIn(payload: string, feed: Feed): readonly SeenChoice[] {
  if (feed.kind === 'verbatim') return JSON.parse(payload).choices;
  const frames = createChatStream({ showsUsage: false }).write({ id: 'c', created: 1, model: 'm' }, feed.events, () => routing);
  return dataOf(frames).flatMap((data): SeenChoice[] => JSON.parse(data).choices);
}

const routing = {} as RoutingMetadata;

function dataOf(frames: string): string[] {
  return frames
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => frame.slice('data: '.length));
}

function take(choices: Record<number, ClientChoice>, { index, delta, finish_reason: finishReason, logprobs }: SeenChoice): void {
  const choice = (choices[index] ??= {
    role: null,
    content: '',
    reasoning: '',
    refusal: '',
    calls: [],
    finishReason: null,
    logprobs: [],
  });
  if (choice.finishReason !== null) throw new Error('something follows a finish reason');
  choice.role ??= delta.role ?? null;
  choice.content += delta.content ?? '';
  choice.reasoning += delta.reasoning ?? '';
  choice.refusal += delta.refusal ?? '';
  for (const { index: at, id, function: called } of delta.tool_calls ?? []) {
    const call = (choice.calls[at] ??= { id: '', name: '', arguments: '' });
    call.id ||= id ?? '';
    call.name += called?.name ?? '';
    call.arguments += called?.arguments ?? '';
  }
  choice.finishReason = finishReason ?? null;
  if (logprobs != null) choice.logprobs.push(logprobs);
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A chunk of a stream as a payload. */
export function chunkOf(
  delta: object,
  fields: { index?: number; finish?: string | null; usage?: object; logprobs?: object } = {},
): string {
  const { index = 0, finish = null, usage, logprobs } = fields;
  const choice = { index, delta, finish_reason: finish, ...(logprobs === undefined ? {} : { logprobs }) };
  return JSON.stringify({
    id: 'chatcmpl-1',
    created: 1,
    model: 'm',
    choices: [choice],
    ...(usage === undefined ? {} : { usage }),
  });
}

export function streamOf(...payloads: readonly string[]): Uint8Array {
  return bytesOf(payloads.map(encodeData).join(''));
}
