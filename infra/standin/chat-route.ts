/** POST /v1/chat/completions from the parsed body to the last byte: checks, faults, the answer, the wire format, the log. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppliedFault } from './chat-reply.ts';
import { prepareReply } from './chat-reply.ts';
import type { AcceptedChat } from './chat-request.ts';
import { acceptChat } from './chat-request.ts';
import type { Conversation } from './chat.ts';
import { readConversation } from './chat.ts';
import type { Frame, Reply } from './completion.ts';
import { completionBody, completionFrames, countsOf } from './completion.ts';
import { faultActions } from './fault-actions/registry.ts';
import type { FaultRequest } from './fault-request.ts';
import { isFaultName } from './faults.ts';
import type { Flavour } from './flavours/flavour.ts';
import { flavours } from './flavours/registry.ts';
import { vllmError } from './flavours/vllm-words.ts';
import { goneSignal, headerOf } from './http.ts';
import { isRecord } from './json.ts';
import type { Lease } from './pacer.ts';
import type { LogEntry } from './request-log.ts';
import type { Refusal } from './refusal.ts';
import type { ModelServerState } from './server.ts';
import type { WireStream } from './sse-writer.ts';
import { bodyWire, plainWire, writeWire } from './sse-writer.ts';

interface Exchange {
  readonly response: ServerResponse;
  readonly entry: LogEntry;
  /** Fires when the client has left. */
  readonly gone: AbortSignal;
}

/** Answers, or returns the refusal to send. */
export async function handleChat(
  state: ModelServerState,
  request: IncomingMessage,
  response: ServerResponse,
  entry: LogEntry,
  text: string,
): Promise<Refusal | null> {
  const { options, controls } = state;
  const flavour: Flavour = flavours[options.flavour];
  const accepted = acceptChat(text, flavour, options);
  if (!accepted.ok) return accepted.failure;
  const chat = accepted.value;
  const conversation = readConversation(chat.body);
  noteRequest(entry, chat, conversation, options.logsBodies);
  if (!controls.state().isHealthy) return flavour.words.engineDead;
  if (!controls.state().isModelLoaded) return flavour.words.modelMissing(options.servedName, []);

  const asked = state.faults.take(headerOf(request, 'x-standin-fault'), conversation.directives.faults, conversation.key);
  const unknown = asked.find(({ name }) => !isFaultName(name));
  if (unknown) return vllmError(400, 'Bad Request', `The stand-in knows no fault called ${unknown.name}.`);
  if (asked.length > 0) entry.ending = `fault:${asked.map(({ name }) => name).join('+')}`;
  const exchange: Exchange = { response, entry, gone: goneSignal(response) };
  const applied = applyFaults(state, asked, chat, conversation.prefix !== null, exchange);
  const early = await meetFaults(applied, chat.body.stream === true);
  if (early === 'handled') {
    if (exchange.gone.aborted && response.headersSent) entry.ending = 'client_gone';
    return null;
  }
  if (early) return early;
  const { reply, leases } = prepareReply(state, { chat, conversation, applied, requestId: entry.id });
  const free = () => leases.forEach((lease) => lease.end());
  exchange.gone.addEventListener('abort', free, { once: true });
  try {
    await sendReply(state, reply, leases, applied, exchange, chat.body.stream === true);
  } finally {
    free();
  }
  return null;
}

/** Applies faults that act before the answer: waits, takes over the connection, or returns the refusal. Null lets the answer begin. */
async function meetFaults(applied: readonly AppliedFault[], isStream: boolean): Promise<Refusal | 'handled' | null> {
  for (const { action, context } of applied) {
    await action.delay?.(context);
    if (context.gone.aborted) return 'handled';
    if (action.respond) {
      await action.respond(context);
      return 'handled';
    }
    const refusal = action.refuse?.(context) ?? (isStream ? null : action.refusePlain?.(context));
    if (refusal) return refusal;
  }
  return null;
}

function noteRequest(entry: LogEntry, { body }: AcceptedChat, conversation: Conversation, keepsBody: boolean): void {
  entry.model = body.model ?? null;
  entry.isStream = body.stream === true;
  entry.maxTokens = body.max_completion_tokens ?? body.max_tokens ?? null;
  entry.conversation = conversation.key;
  entry.isContinuation = conversation.prefix !== null;
  entry.bodyKeys = Object.keys(body);
  if (keepsBody) entry.body = body;
}

function applyFaults(
  state: ModelServerState,
  asked: readonly FaultRequest[],
  { body, promptTokens }: AcceptedChat,
  isContinuation: boolean,
  { response, gone }: Exchange,
): AppliedFault[] {
  const { servedName, maxModelLen } = state.options;
  const common = {
    response,
    gone,
    servedName,
    maxModelLen,
    words: flavours[state.options.flavour].words,
    isContinuation,
    promptTokens,
    toolNames: body.tools?.map((tool) => tool.function.name) ?? [],
    closeListener: state.controls.closeFor,
    wedgeEngine: state.controls.wedgeFor,
  };
  return asked.flatMap((fault) =>
    isFaultName(fault.name) ? [{ action: faultActions[fault.name], context: { ...common, fault } }] : [],
  );
}

async function sendReply(
  state: ModelServerState,
  reply: Reply,
  leases: readonly Lease[],
  applied: readonly AppliedFault[],
  { response, entry, gone }: Exchange,
  wantsStream: boolean,
): Promise<void> {
  const form = applied.find(({ action }) => action.form)?.action.form;
  const isStream = form ? form === 'stream' : wantsStream;
  const wire = isStream ? streamWire(reply, leases, applied) : await plainWireOf(reply, leases, applied, entry);
  if (!wire || gone.aborted) return closeBooks(reply, entry, 'gone');
  const type = isStream ? 'text/event-stream; charset=utf-8' : 'application/json';
  const length = wire.byteLength === null ? {} : { 'content-length': wire.byteLength };
  const own: [string, string | number][] = [['content-type', type], ...Object.entries(length)];
  const changed = applied.flatMap(({ action }) => Object.entries(action.headers ?? {}));
  for (const [name, value] of [...own, ...changed]) {
    if (value === null) response.removeHeader(name);
    else response.setHeader(name, value);
  }
  response.writeHead(200);
  if (!reply.flavour.sendsHeadersWithFirstToken) response.flushHeaders();
  const ended = await writeWire(response, wire.actions, gone, {
    onFirstByte() {
      entry.firstByteAtMs = Date.now();
    },
    onTokens(tokens) {
      entry.tokensSent += tokens;
    },
  });
  closeBooks(reply, entry, ended);
}

interface PreparedWire {
  readonly actions: WireStream;
  /** Null where the length is not announced: streams, and bodies that a fault may change on the way. */
  readonly byteLength: number | null;
}

function streamWire(reply: Reply, leases: readonly Lease[], applied: readonly AppliedFault[]): PreparedWire {
  let frames: AsyncIterable<Frame> = completionFrames(reply, leases);
  for (const { action, context } of applied) frames = action.frames?.(frames, context) ?? frames;
  frames = reply.flavour.rewrite?.(frames, countsOf(reply)) ?? frames;
  let actions: WireStream = plainWire(frames);
  for (const { action, context } of applied) actions = action.wire?.(actions, context) ?? actions;
  return { actions, byteLength: null };
}

/** Waits for the whole answer, as a server does that does not stream; null when the place was lost before the end. */
async function plainWireOf(
  reply: Reply,
  leases: readonly Lease[],
  applied: readonly AppliedFault[],
  entry: LogEntry,
): Promise<PreparedWire | null> {
  for (const [index, lease] of leases.entries()) {
    const steps = Math.max(1, reply.choices[index]?.steps.length ?? 0);
    for (let step = 0; step < steps; step += 1) {
      if (!(await lease.next())) return null;
      entry.tokensMade += 1;
    }
  }
  let body: unknown = completionBody(reply);
  for (const { action, context } of applied) if (action.body && isRecord(body)) body = action.body(body, context);
  const text = JSON.stringify(body);
  let actions: WireStream = bodyWire(text, totalTokens(reply));
  for (const { action, context } of applied) if (!action.isStreamOnly) actions = action.wire?.(actions, context) ?? actions;
  return { actions, byteLength: applied.length === 0 ? Buffer.byteLength(text) : null };
}

function totalTokens(reply: Reply): number {
  return reply.choices.reduce((sum, { steps }) => sum + steps.length, 0);
}

function closeBooks(reply: Reply, entry: LogEntry, ended: 'ended' | 'gone' | 'killed'): void {
  if (ended === 'gone') entry.ending = 'client_gone';
  const isWhole = entry.ending === 'open';
  entry.usage = { promptTokens: reply.promptTokens, completionTokens: isWhole ? totalTokens(reply) : entry.tokensSent };
}
