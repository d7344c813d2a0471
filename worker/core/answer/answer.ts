/**
 * An upstream's answer as it arrives, payload by payload, and what of it a client should see. Pure: it is fed the data of SSE events
 * (or one whole completion) and says for each what it adds to the answer, whether the bytes that came say the same, or what broke. It also
 * knows whether the answer is complete, which is the only thing that makes an ending a success.
 */
import type { Dialect, UpstreamChunk, UpstreamCompletion } from '../upstreams/dialect.ts';
import type { UpstreamFailure } from '../upstreams/transport-failure.ts';
import type { AnswerEvent } from './answer-events.ts';
import { type AnswerState, areEnded, count, countLogprobs, hasHead, isComplete, mergeHead } from './answer-state.ts';
import { createChunkReader } from './chunk-reader.ts';
import { type Choice, endChoice, feedChoice } from './choice.ts';
import { type Demands, problemOf, problemOfWhole, warn } from './fitness.ts';

export { type AnswerState, isComplete };

export interface AnswerOptions extends Demands {
  readonly dialect: Dialect;
  /** The client reads the server's own wire: a payload of plain text may be shown as it came. */
  readonly passesPayloads: boolean;
  /** Nothing to extract, check or hold back: text comes out of the machine as it goes in. */
  readonly isTransparent: boolean;
  /** The largest choice index plus one; choices beyond it are dropped. */
  readonly choiceCount: number;
  readonly maxAnswerChars: number;
  /** Log probabilities are kept for a whole answer; a stream shows them as they come. */
  readonly keepsLogprobs: boolean;
  /** The client asked for logprobs; otherwise they are read and not shown. */
  readonly showsLogprobs: boolean;
  /** Identity of the answer that this one goes on with; null for an answer of its own. */
  readonly head: AnswerState['head'] | null;
  createChoice(index: number): Choice;
}

export type Feed =
  /** The payload may go to the client as it is; only where payloads pass. */
  | { readonly kind: 'verbatim' }
  | { readonly kind: 'events'; readonly events: readonly AnswerEvent[] }
  /** Nothing more is read: the end mark, or something behind a whole answer that can only be dropped. */
  | { readonly kind: 'done'; readonly events: readonly AnswerEvent[] }
  /** `events` are what is whole of it and may still be shown before the error: complete calls. */
  | { readonly kind: 'broken'; readonly problem: UpstreamFailure; readonly events: readonly AnswerEvent[] };

export interface Answer {
  feed(payload: string): Feed;
  /** Takes a whole completion through the same steps. */
  feedCompletion(completion: UpstreamCompletion): Feed;
  /** Nothing more comes. What this says of a whole answer is its last; one that is not whole stays as it is. */
  end(): Feed;
  readonly state: AnswerState;
}

const verbatim: Feed = { kind: 'verbatim' };
const tooLarge: UpstreamFailure = { failure: { code: 'upstream_too_large' }, cause: 'invalid_answer' };
const noAnswer: UpstreamFailure = { failure: { code: 'upstream_invalid_answer' }, cause: 'invalid_answer' };

export function createAnswer(options: AnswerOptions): Answer {
  const choices = new Map<number, Choice>();
  const state: AnswerState = {
    choices,
    choiceCount: options.choiceCount,
    head: options.head ?? { id: null, created: null, model: null },
    usage: null,
    sawDone: false,
    isOver: false,
    contentEvents: 0,
    contentChars: 0,
    logprobChars: 0,
    isShown: options.head !== null,
    warnings: [],
  };

  /** Plain text need not even be looked at. */
  const passesUnread = options.isTransparent && options.passesPayloads;
  const chunks = createChunkReader(options.dialect);
  /** The chunk that was last seen to have the answer's head. */
  let ownChunk: UpstreamChunk | null = null;

  const choiceAt = (index: number): Choice => {
    const found = choices.get(index);
    if (found !== undefined) return found;
    const created = options.createChoice(index);
    choices.set(index, created);
    return created;
  };

  const isTooLarge = (): boolean => state.contentChars + state.logprobChars > options.maxAnswerChars;

  const isOwn = (chunk: UpstreamChunk): boolean => {
    if (chunk !== ownChunk && !hasHead(chunk, state.head)) return false;
    ownChunk = chunk;
    return true;
  };

  const keepLogprobs = (choice: Choice, logprobs: unknown): void => {
    if (!options.keepsLogprobs || logprobs === null) return;
    choice.logprobs.push(logprobs);
    state.logprobChars += JSON.stringify(logprobs).length;
  };

  /** Text of choices that were asked for and have begun, or begin with it. */
  const mayPass = (chunk: UpstreamChunk): boolean =>
    passesUnread &&
    chunk.isPlainContent &&
    isOwn(chunk) &&
    chunk.choices.every(({ index }) => index < options.choiceCount && (choices.has(index) || chunk.hasRole));

  const addText = (choice: Choice, text: string): void => {
    choice.hasBegun = true;
    if (text === '') return;
    choice.addContent(text);
    state.contentEvents += 1;
    state.contentChars += text.length;
  };

  /** As `mayPass` and `takePlain`, for text that is known to come without anything else. */
  const takeText = (like: UpstreamChunk, index: number, text: string): boolean => {
    const choice = choices.get(index);
    if (choice === undefined || index >= options.choiceCount || !isOwn(like)) return false;
    addText(choice, text);
    return true;
  };

  const takePlain = (chunk: UpstreamChunk): Feed => {
    for (const piece of chunk.choices) {
      const choice = choiceAt(piece.index);
      keepLogprobs(choice, piece.logprobs);
      addText(choice, piece.delta.content ?? '');
    }
    return isTooLarge() ? broken(tooLarge) : verbatim;
  };

  const takeChoices = (pieces: UpstreamChunk['choices']): Feed => {
    const events: AnswerEvent[] = [];
    for (const piece of pieces) {
      if (piece.index >= options.choiceCount) continue;
      const choice = choiceAt(piece.index);
      const problem = takeFinish(choice, piece.finishReason);
      if (problem !== null) return broken(problem, events);
      count(state, piece);
      keepLogprobs(choice, piece.logprobs);
      const fed = feedChoice(choice, piece.delta);
      const wrong = isTooLarge() ? tooLarge : problemOf(choice, state, options);
      if (wrong !== null) return broken(wrong);
      countLogprobs(choice, piece.logprobs);
      show(choice, fed, options.showsLogprobs ? piece.logprobs : null, events);
    }
    state.isOver = areEnded(state, ({ serverFinish }) => serverFinish !== null);
    return { kind: 'events', events };
  };

  /** `stop` is the least that a server can say: any other word stands, and what broke after the end broke nothing. */
  const takeFinish = (choice: Choice, word: string | null): UpstreamFailure | null => {
    if (word === null) return null;
    const finish = options.dialect.readFinish(word);
    if (finish.kind === 'failure') return choice.serverFinish === null ? finish.problem : null;
    if (!finish.isKnown) warn(state, 'The model server named a finish reason that is not known here; it is shown as stop.');
    if (choice.serverFinish === null || choice.serverFinish === 'stop') choice.serverFinish = finish.reason;
    return null;
  };

  /** Ends every choice that the server has ended. */
  const settle = (): Feed => {
    const events: AnswerEvent[] = [];
    for (const choice of choices.values()) {
      if (choice.serverFinish === null || choice.finishReason !== null) continue;
      const last = endChoice(choice, choice.serverFinish);
      const problem = problemOf(choice, state, options);
      if (problem !== null) return broken(problem, choice.hasBrokenCall && last.length > 0 ? show(choice, last, null, []) : []);
      show(choice, last, null, events);
    }
    const problem = problemOfWhole(state, options);
    return problem === null ? { kind: 'done', events } : broken(problem);
  };

  /** The end mark, or what counts as one. */
  const finish = (): Feed => {
    state.sawDone = true;
    state.isOver = areEnded(state, ({ serverFinish }) => serverFinish !== null);
    return state.isOver ? settle() : { kind: 'done', events: [] };
  };

  /** What breaks behind a whole answer is not shown: it has its end, and a client must see one. */
  const unlessOver = (feed: Feed): Feed => (feed.kind === 'broken' && state.isOver ? finish() : feed);

  const read = (payload: string): Feed => {
    const chunk = chunks.read(payload);
    if (!chunk.ok) return broken(chunk.failure);
    state.head = mergeHead(state.head, chunk.value);
    state.usage = chunk.value.usage ?? state.usage;
    if (mayPass(chunk.value)) return takePlain(chunk.value);
    const feed = takeChoices(chunk.value.choices);
    return options.passesPayloads && isUnchanged(chunk.value, feed) && isOwn(chunk.value) ? verbatim : feed;
  };

  return {
    state,

    feed(payload) {
      if (options.dialect.isEndMark(payload)) return finish();
      if (passesUnread && chunks.skim(payload, takeText)) return isTooLarge() ? unlessOver(broken(tooLarge)) : verbatim;
      return unlessOver(read(payload));
    },

    feedCompletion(completion) {
      state.head = mergeHead(state.head, completion);
      state.usage = completion.usage;
      const fed = takeChoices(completion.choices.map((choice) => ({ ...choice, finishReason: choice.finishReason ?? 'stop' })));
      if (fed.kind === 'broken') return fed;
      return choices.size === 0 ? broken(noAnswer) : finish();
    },

    end() {
      return state.isOver && !isComplete(state) ? settle() : { kind: 'done', events: [] };
    },
  };
}

/** Whether what a client should see is the text that came, and nothing else: then the payload itself may go on after all. */
function isUnchanged({ choices: [piece, otherPiece], isPlainContent }: UpstreamChunk, feed: Feed): boolean {
  if (feed.kind !== 'events' || !isPlainContent || piece === undefined || otherPiece !== undefined) return false;
  const [text, logprobs, other] = feed.events;
  if (text?.kind !== 'text' || text.text !== piece.delta.content || other !== undefined) return false;
  return logprobs === undefined ? piece.logprobs === null : logprobs.kind === 'logprobs';
}

/** What a client should see of a choice, in the order of `answer-events.ts`, behind what is in `events` already. */
function show(choice: Choice, fed: readonly AnswerEvent[], logprobs: unknown, events: AnswerEvent[]): AnswerEvent[] {
  const { index, finishReason } = choice;
  if (!choice.hasBegun) {
    choice.hasBegun = true;
    events.push({ choice: index, kind: 'begin' });
  }
  for (const event of fed) events.push(event);
  if (logprobs !== null) events.push({ choice: index, kind: 'logprobs', logprobs });
  if (finishReason !== null) events.push({ choice: index, kind: 'finish', reason: finishReason });
  return events;
}

function broken(problem: UpstreamFailure, events: readonly AnswerEvent[] = []): Feed {
  return { kind: 'broken', problem, events };
}
