/**
 * Streams an answer to the client: a read loop that feeds the answer machine and awaits every write (the measured shape: all endings
 * told apart at the cost of a pump that looks at nothing). The first data event written here is the commit point of the request:
 * before it the chain may still choose another model, after it the answer is finished, rescued, or ended with an error event.
 */
import { errorEnvelope, type Failure } from '../../shared/errors.ts';
import type { ClientPipe } from '../core/ports.ts';
import { type Answer, type Feed, isComplete } from '../core/relay/answer.ts';
import { type Head, headOf, renderChunk, renderUsageChunk } from '../core/relay/render.ts';
import { type AnswerEnding, judgeEnding } from '../core/relay/verdict.ts';
import { doneFrame, encodeComment, encodeData } from '../core/sse/encode-events.ts';
import type { UpstreamFailure } from '../core/upstreams/transport-failure.ts';
import { settle, usageOf } from './account.ts';
import type { DataPiece, OpenStream } from './attempt.ts';
import type { ChainResult } from './chain.ts';
import { clientLeft, metadataOf, type Run } from './run.ts';
import { startWatch, type Watch } from './watch.ts';

const encoder = new TextEncoder();
const ping = encoder.encode(encodeComment('ping'));

/** Runs until the client has its answer, or its error event, or has left. Never rejects. */
export async function relay(run: Run, pipe: ClientPipe, chain: Promise<ChainResult>): Promise<void> {
  const leave = (): void => clientLeft(run);
  void pipe.closed.then(leave);
  run.signal.addEventListener('abort', leave);
  const write = writerOf(run, pipe);
  const waiting = pingWhileWaiting(run, pipe);
  const opened = await chain;
  waiting.stop();
  let ending: AnswerEnding;
  if (opened.kind === 'failed') ending = run.isClientGone ? { kind: 'client_gone' } : { ...opened, cause: 'client' };
  else if (opened.kind === 'stream') ending = await pump(run, write, pipe, opened.stream);
  else ending = await writeWhole(run, write, opened.answer);
  const answer = run.answers.at(-1)?.answer;
  try {
    if (ending.kind === 'complete' && answer !== undefined) await write(tail(run, answer));
    else if (ending.kind === 'failed') await write(errorFrame(ending.failure));
  } catch {
    ending = { kind: 'client_gone' };
  }
  settle(run, ending.kind === 'complete' ? { kind: 'ok' } : ending);
  run.signal.removeEventListener('abort', leave);
  await pipe.close();
}

type Write = (content: string | Uint8Array) => Promise<void>;

function writerOf(run: Run, pipe: ClientPipe): Write {
  return async (content) => {
    run.firstByteAtMs ??= run.deps.clock.now();
    await pipe.write(typeof content === 'string' ? encoder.encode(content) : content);
  };
}

/** The chain has no stream yet and the headers are out: only comments may be written. */
function pingWhileWaiting(run: Run, pipe: ClientPipe): { stop(): void } {
  const stop = run.deps.timers.every(run.deps.config.routing.streaming.ping_ms, () => {
    pipe.write(ping).catch(() => clientLeft(run));
  });
  return { stop };
}

async function pump(run: Run, write: Write, pipe: ClientPipe, stream: OpenStream): Promise<AnswerEnding> {
  const { answer, source, upstream } = stream;
  let limit: 'idle' | 'total' | null = null;
  let problem: UpstreamFailure | null = null;
  let end: 'eof' | 'reset' | null = null;
  const watch: Watch = startWatch(run.deps.timers, {
    idleMs: upstream.timeouts_ms.idle,
    totalMs: upstream.timeouts_ms.total,
    pingMs: run.deps.config.routing.streaming.ping_ms,
    onLimit(passed) {
      limit ??= passed;
      stream.abort();
    },
    onPing() {
      watch.hold(1);
      pipe.write(ping).then(
        () => watch.hold(-1),
        () => clientLeft(run),
      );
    },
  });
  const send = async (content: string | Uint8Array | null): Promise<void> => {
    if (content === null) return;
    watch.hold(1);
    await write(content);
    watch.hold(-1);
  };
  try {
    const head = fallbackHead(run);
    await send(contentOf(run, answer, head, stream.first.piece, stream.first.feeds));
    problem = problemIn(stream.first.feeds);
    while (problem === null && end === null && !answer.state.sawDone && !run.isClientGone) {
      const piece = await source.read();
      watch.touch();
      if (piece.kind === 'data') {
        const feeds = feedUntilEnd(answer, piece.payloads);
        problem = problemIn(feeds);
        await send(contentOf(run, answer, head, piece, feeds));
      } else if (piece.kind === 'overflow') problem = { failure: { code: 'upstream_too_large' }, cause: 'invalid_answer' };
      else end = piece.kind;
    }
  } catch {
    clientLeft(run);
  }
  watch.stop();
  if (!answer.state.sawDone) stream.abort();
  source.cancel();
  return judgeEnding({ isClientGone: run.isClientGone, problem, isComplete: isComplete(answer.state), limit, end });
}

/** Feeds payloads up to the one that ends the answer; what comes after [DONE] is dropped. */
function feedUntilEnd(answer: Answer, payloads: readonly string[]): Feed[] {
  const feeds: Feed[] = [];
  for (const payload of payloads) {
    const feed = answer.feed(payload);
    feeds.push(feed);
    if (feed.kind === 'done' || feed.kind === 'broken') break;
  }
  return feeds;
}

function problemIn(feeds: readonly Feed[]): UpstreamFailure | null {
  const last = feeds.at(-1);
  return last?.kind === 'broken' ? last.problem : null;
}

/** What the client gets of a piece: the very bytes when nothing in them needs a change, else frames written anew. */
function contentOf(run: Run, answer: Answer, head: Head, piece: DataPiece, feeds: readonly Feed[]): string | Uint8Array | null {
  if (piece.isVerbatim && feeds.every((feed) => feed.kind === 'verbatim')) return piece.bytes;
  let text = '';
  feeds.forEach((feed, i) => {
    if (feed.kind === 'verbatim') text += encodeData(piece.payloads[i] ?? '');
    else if (feed.kind === 'emit') text += framesOf(run, answer, head, feed);
  });
  return text === '' ? null : text;
}

function framesOf(run: Run, answer: Answer, head: Head, feed: Extract<Feed, { kind: 'emit' }>): string {
  const identity = headOf(answer.state, head);
  let text = '';
  for (const emission of feed.emissions) {
    const metadata = emission.finishReason === null ? null : timedMetadata(run);
    text += encodeData(renderChunk(identity, emission, metadata));
  }
  return text;
}

function timedMetadata(run: Run) {
  return { ...metadataOf(run), total_time_seconds: (run.deps.clock.now() - run.startedAtMs) / 1000 };
}

/** A server that answered with one JSON body although a stream was asked for. */
async function writeWhole(run: Run, write: Write, answer: Answer): Promise<AnswerEnding> {
  const head = fallbackHead(run);
  let text = '';
  for (const choice of answer.state.choices.values()) {
    const emissions = [
      { choiceIndex: choice.index, delta: { role: 'assistant', content: '' }, finishReason: null, logprobs: null },
      ...(choice.reasoning === ''
        ? []
        : [delta(choice.index, { reasoning: choice.reasoning, reasoning_content: choice.reasoning })]),
      ...(choice.content === '' ? [] : [delta(choice.index, { content: choice.content })]),
      ...choice.calls.map(({ id, name, arguments: args }, index) =>
        delta(choice.index, { tool_calls: [{ index, id, type: 'function', function: { name, arguments: args } }] }),
      ),
      { choiceIndex: choice.index, delta: {}, finishReason: choice.finishReason, logprobs: null },
    ];
    text += framesOf(run, answer, head, { kind: 'emit', emissions });
  }
  try {
    await write(text);
  } catch {
    return { kind: 'client_gone' };
  }
  return { kind: 'complete' };
}

function delta(choiceIndex: number, content: Record<string, unknown>) {
  return { choiceIndex, delta: content, finishReason: null, logprobs: null };
}

/** What follows a complete answer: the usage chunk if the client asked for one, and [DONE]. */
function tail(run: Run, answer: Answer): string {
  if (run.request.stream_options?.include_usage !== true) return doneFrame;
  return encodeData(renderUsageChunk(headOf(answer.state, fallbackHead(run)), usageOf(run, answer))) + doneFrame;
}

function errorFrame(failure: Failure): string {
  return encodeData(JSON.stringify(errorEnvelope(failure)));
}

function fallbackHead(run: Run): Head {
  const model = run.servedModelId ?? run.request.model;
  return { id: `chatcmpl-${run.requestId}`, created: Math.floor(run.startedAtMs / 1000), model };
}
