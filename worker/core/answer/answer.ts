/**
 * An upstream's answer as it arrives, payload by payload, and what of it a client should see. Pure: it is fed the data of SSE events
 * (or one whole completion) and says for each what it adds to the answer, whether the bytes that came say the same, or what broke. It also
 * knows whether the answer is complete, which is the only thing that makes an ending a success.
 */
import type { UpstreamChunk, UpstreamCompletion } from '../upstreams/dialect.ts';
import type { UpstreamFailure } from '../upstreams/transport-failure.ts';
import { type AnswerState, hasHead, isComplete, mergeHead } from './answer-state.ts';
import {
  addText,
  type Assembly,
  type AssemblyOptions,
  broken,
  createAssembly,
  type Feed,
  finish,
  settle,
  takePieces,
  takePlainPieces,
  unlessCut,
  verbatim,
} from './assembly.ts';
import { type ChunkReader, createChunkReader } from './chunk-reader.ts';

export { type AnswerState, type Feed, isComplete };

export interface AnswerOptions extends AssemblyOptions {
  /** The client reads the server's wire format: a payload of plain text may be shown unchanged. */
  readonly passesPayloads: boolean;
  /** Nothing to extract, check or hold back: text comes out of the machine as it goes in. */
  readonly isTransparent: boolean;
}

export interface Answer {
  feed(payload: string): Feed;
  /** Takes a whole completion through the same steps. */
  feedCompletion(completion: UpstreamCompletion): Feed;
  /** Nothing more comes. What this says of a whole answer is its last; one that is not whole stays as it is. */
  end(): Feed;
  readonly state: AnswerState;
}

interface PayloadReader {
  readonly options: AnswerOptions;
  readonly assembly: Assembly;
  readonly state: AnswerState;
  readonly chunks: ChunkReader;
  /** Plain text need not even be looked at. */
  readonly passesUnread: boolean;
  /** The chunk that was last seen to have the answer's head. */
  ownChunk: UpstreamChunk | null;
}

export function createAnswer(options: AnswerOptions): Answer {
  const assembly = createAssembly(options);
  const { state } = assembly;
  const reader: PayloadReader = {
    options,
    assembly,
    state,
    chunks: createChunkReader(options.dialect),
    passesUnread: options.isTransparent && options.passesPayloads,
    ownChunk: null,
  };
  const take: TakeText = (like, index, text) => takeText(reader, like, index, text);
  return {
    state,
    feed: (payload) => feed(reader, payload, take),
    feedCompletion: (completion) => feedCompletion(assembly, completion),
    end: () => (state.isOver && !isComplete(state) ? settle(assembly) : { kind: 'done', events: [] }),
  };
}

type TakeText = Parameters<ChunkReader['skim']>[1];

function feed(reader: PayloadReader, payload: string, take: TakeText): Feed {
  const { options, assembly, chunks } = reader;
  if (options.dialect.isEndMark(payload)) return finish(assembly);
  const isSkimmed = reader.passesUnread && chunks.skim(payload, take);
  return unlessOver(assembly, isSkimmed ? unlessCut(assembly) : read(reader, payload));
}

/** What breaks behind a whole answer is not shown: it has its end, and a client must see one. */
function unlessOver(assembly: Assembly, fed: Feed): Feed {
  return fed.kind === 'broken' && assembly.state.isOver ? finish(assembly) : fed;
}

function read(reader: PayloadReader, payload: string): Feed {
  const { assembly, state } = reader;
  const chunk = reader.chunks.read(payload);
  if (!chunk.ok) return broken(chunk.failure);
  state.head = mergeHead(state.head, chunk.value);
  state.usage = chunk.value.usage ?? state.usage;
  if (mayPass(reader, chunk.value)) return takePlainPieces(assembly, chunk.value.choices);
  const fed = takePieces(assembly, chunk.value.choices, false);
  const isSame = reader.options.passesPayloads && isUnchanged(chunk.value, fed) && isOwn(reader, chunk.value);
  return isSame ? verbatim : fed;
}

/** Text of choices that were asked for and have begun, or begin with it. */
function mayPass(reader: PayloadReader, chunk: UpstreamChunk): boolean {
  const { choices, options } = reader.assembly;
  return (
    reader.passesUnread &&
    chunk.isPlainContent &&
    isOwn(reader, chunk) &&
    chunk.choices.every(({ index }) => index < options.choiceCount && (choices.has(index) || chunk.hasRole))
  );
}

function isOwn(reader: PayloadReader, chunk: UpstreamChunk): boolean {
  if (chunk !== reader.ownChunk && !hasHead(chunk, reader.state.head)) return false;
  reader.ownChunk = chunk;
  return true;
}

/** As `mayPass` and `takePlainPieces`, for text that is known to come without anything else. */
function takeText(reader: PayloadReader, like: UpstreamChunk, index: number, text: string): boolean {
  const { assembly, options } = reader;
  const choice = assembly.choices.get(index);
  if (choice === undefined || index >= options.choiceCount || !isOwn(reader, like)) return false;
  addText(assembly, choice, text);
  return true;
}

/** Whether the client should see exactly the text that came: then the payload itself may be passed on after all. */
function isUnchanged({ choices: [piece, otherPiece], isPlainContent }: UpstreamChunk, fed: Feed): boolean {
  if (fed.kind !== 'events' || !isPlainContent || piece === undefined || otherPiece !== undefined) return false;
  const [text, logprobs, other] = fed.events;
  if (text?.kind !== 'text' || text.text !== piece.delta.content || other !== undefined) return false;
  return logprobs === undefined ? piece.logprobs === null : logprobs.kind === 'logprobs';
}

const noAnswer: UpstreamFailure = { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };

function feedCompletion(assembly: Assembly, { choices, usage, ...head }: UpstreamCompletion): Feed {
  const { state } = assembly;
  state.head = mergeHead(state.head, head);
  state.usage = usage;
  const fed = takePieces(
    assembly,
    choices.map((choice) => ({ ...choice, finishReason: choice.finishReason ?? 'stop' })),
    true,
  );
  if (fed.kind === 'broken') return fed;
  return assembly.choices.size === 0 ? broken(noAnswer) : finish(assembly);
}
