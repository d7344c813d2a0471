/**
 * Puts the pieces of an answer's choices together, and says of each what a client should see, or what broke. Knows no payloads: pieces come
 * as the dialect read them.
 */
import type { Dialect, FinishReason, UpstreamChunk } from '../upstreams/dialect.ts';
import type { UpstreamFailure } from '../upstreams/transport-failure.ts';
import type { AnswerEvent } from './answer-events.ts';
import { addToWatch, findRepetition, type Repetition } from '../text/repetition.ts';
import { type AnswerState, areEnded, count, countLogprobs, writtenIn } from './answer-state.ts';
import { addContent, type Choice, endChoice, feedChoice } from './choice.ts';
import { type Demands, problemOf, problemOfWhole, warn } from './fitness.ts';

export interface AssemblyOptions extends Demands {
  readonly dialect: Dialect;
  /** The largest choice index plus one; choices beyond it are dropped. */
  readonly choiceCount: number;
  readonly maxAnswerChars: number;
  /** Whether such repetition was asked for. Called at most once a choice. */
  mayRepeat(found: Repetition): boolean;
  /** Log probabilities are kept for a whole answer; a stream shows them as they come. */
  readonly keepsLogprobs: boolean;
  /** The client asked for logprobs; otherwise they are read and not shown. */
  readonly showsLogprobs: boolean;
  /** Identity of the answer that this one continues; null for a new answer. */
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

export const verbatim: Feed = { kind: 'verbatim' };

/** An answer that is being put together. */
export interface Assembly {
  readonly options: AssemblyOptions;
  readonly state: AnswerState;
  /** Those of `state`. */
  readonly choices: Map<number, Choice>;
}

export function createAssembly(options: AssemblyOptions): Assembly {
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
    isRunaway: false,
    isShown: options.head !== null,
    warnings: [],
  };
  return { options, state, choices };
}

/**
 * Takes a piece of one or several choices.
 *
 * @param isWhole each is all that its choice says
 */
export function takePieces(assembly: Assembly, pieces: UpstreamChunk['choices'], isWhole: boolean): Feed {
  const { options, state } = assembly;
  const events: AnswerEvent[] = [];
  for (const piece of pieces) {
    if (piece.index >= options.choiceCount) continue;
    const choice = choiceAt(assembly, piece.index);
    const problem = takeFinish(assembly, choice, piece.finishReason);
    if (problem !== null) return broken(problem, events);
    choice.stopSequence = piece.stopSequence ?? choice.stopSequence;
    count(state, piece);
    keepLogprobs(assembly, choice, piece.logprobs);
    if (choice.repetition !== null) watchText(assembly, choice, writtenIn(piece.delta), isWhole);
    const fed = feedChoice(choice, piece.delta, isWhole);
    const wrong = isTooLarge(assembly) ? tooLarge : state.isRunaway ? runaway : problemOf(choice, state, options);
    if (wrong !== null) return broken(wrong);
    countLogprobs(choice, piece.logprobs);
    show(choice, fed, options.showsLogprobs ? piece.logprobs : null, events);
  }
  state.isOver = isEndedByServer(state);
  return { kind: 'events', events };
}

/** Takes pieces of nothing but text, which come out as they went in. */
export function takePlainPieces(assembly: Assembly, pieces: UpstreamChunk['choices']): Feed {
  for (const piece of pieces) {
    const choice = choiceAt(assembly, piece.index);
    keepLogprobs(assembly, choice, piece.logprobs);
    addText(assembly, choice, piece.delta.content ?? '');
  }
  return unlessCut(assembly);
}

const tooLarge: UpstreamFailure = { failure: { code: 'upstream_too_large' }, cause: 'invalid_answer' };

const runaway: UpstreamFailure = { failure: { code: 'upstream_degenerate' }, cause: 'degenerate' };

/** Text passes as it came, unless it has become too long, or repeats itself without end. */
export function unlessCut(assembly: Assembly): Feed {
  if (assembly.state.isRunaway) return broken(runaway);
  return isTooLarge(assembly) ? broken(tooLarge) : verbatim;
}

function watchText({ options, state }: Assembly, choice: Choice, text: string, isWhole: boolean): void {
  if (choice.repetition === null || text === '') return;
  const found = isWhole ? findRepetition(choice.repetition, text) : addToWatch(choice.repetition, text);
  if (found === null) return;
  choice.repetition = null;
  if (!options.mayRepeat(found)) state.isRunaway = true;
}

function isTooLarge({ state, options }: Assembly): boolean {
  return state.contentChars + state.logprobChars > options.maxAnswerChars;
}

function choiceAt({ choices, options }: Assembly, index: number): Choice {
  const found = choices.get(index);
  if (found !== undefined) return found;
  const created = options.createChoice(index);
  choices.set(index, created);
  return created;
}

export function addText(assembly: Assembly, choice: Choice, text: string): void {
  const { state } = assembly;
  choice.hasBegun = true;
  if (text === '') return;
  if (choice.repetition !== null) watchText(assembly, choice, text, false);
  addContent(choice, text);
  state.contentEvents += 1;
  state.contentChars += text.length;
}

function keepLogprobs({ options, state }: Assembly, choice: Choice, logprobs: unknown): void {
  if (!options.keepsLogprobs || logprobs === null) return;
  choice.logprobs.push(logprobs);
  state.logprobChars += JSON.stringify(logprobs).length;
}

/** `stop` is the least that a server can say: any other word stands, and what broke after the end broke nothing. */
function takeFinish({ options, state }: Assembly, choice: Choice, word: string | null): UpstreamFailure | null {
  if (word === null) return null;
  const finish = options.dialect.readFinish(word);
  if (finish.kind === 'failure') return choice.serverFinish === null ? finish.problem : null;
  if (!finish.isKnown) warn(state, 'The model server named a finish reason that is not known here; it is shown as stop.');
  if (choice.serverFinish === null || choice.serverFinish === 'stop') choice.serverFinish = finish.reason;
  return null;
}

/** The end mark, or what counts as one. */
export function finish(assembly: Assembly): Feed {
  const { state } = assembly;
  state.sawDone = true;
  state.isOver = isEndedByServer(state);
  return state.isOver ? settle(assembly) : { kind: 'done', events: [] };
}

function isEndedByServer(state: AnswerState): boolean {
  return areEnded(state, ({ serverFinish }) => serverFinish !== null);
}

/** Ends every choice that the server has ended. */
export function settle({ options, state, choices }: Assembly): Feed {
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
}

/** What a client should see of a choice, in the order of `answer-events.ts`, behind what is in `events` already. */
function show(choice: Choice, fed: readonly AnswerEvent[], logprobs: unknown, events: AnswerEvent[]): AnswerEvent[] {
  const { index, finishReason, stopSequence } = choice;
  if (!choice.hasBegun) {
    choice.hasBegun = true;
    events.push({ choice: index, kind: 'begin' });
  }
  for (const event of fed) events.push(event);
  if (logprobs !== null) events.push({ choice: index, kind: 'logprobs', logprobs });
  if (finishReason !== null) events.push({ choice: index, ...finishEvent(finishReason, stopSequence) });
  return events;
}

/** Only an answer that its model ended has met a stop sequence. */
function finishEvent(reason: FinishReason, stopSequence: string | null) {
  const isMet = reason === 'stop' && stopSequence !== null;
  return { kind: 'finish', reason, ...(isMet ? { stopSequence } : {}) } as const;
}

export function broken(problem: UpstreamFailure, events: readonly AnswerEvent[] = []): Feed {
  return { kind: 'broken', problem, events };
}
