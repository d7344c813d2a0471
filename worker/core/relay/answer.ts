/**
 * An upstream's answer as it arrives, payload by payload, and what of it a client should see. Pure: it is fed the data of SSE events
 * (or one whole completion) and says for each whether the very bytes may go on, what to send instead, or what broke. It also knows
 * whether the answer is complete, which is the only thing that makes an ending a success.
 */
import type { Failure } from '../../../shared/errors.ts';
import type { FailureCause } from '../route/attempt.ts';
import type { Dialect, UpstreamChunk, UpstreamCompletion } from '../upstreams/dialect.ts';
import { asArray, asObject } from '../upstreams/json-view.ts';
import type { UpstreamFailure } from '../upstreams/transport-failure.ts';
import { createChunkReader } from './chunk-reader.ts';
import { type Choice, type ClientDelta, feedChoice } from './choice.ts';

export interface AnswerOptions {
  readonly dialect: Dialect;
  /** True when content may pass untouched: nothing to extract, check or hold back. */
  readonly isTransparent: boolean;
  /** The largest choice index plus one; choices beyond it are dropped. */
  readonly choiceCount: number;
  readonly maxAnswerChars: number;
  /** Log probabilities are kept for a whole answer; a stream shows them as they come. */
  readonly keepsLogprobs: boolean;
  /** The client asked for logprobs; otherwise they are read and not shown. */
  readonly showsLogprobs: boolean;
  /** A call with invalid arguments makes the answer unfit, as long as nothing of it has been shown; afterwards it is a warning. */
  readonly refusesInvalidCalls: boolean;
  /** Identity of the answer that this one goes on with; null for an answer of its own. */
  readonly head: AnswerState['head'] | null;
  createChoice(index: number): Choice;
}

export interface Emission {
  readonly choiceIndex: number;
  readonly delta: ClientDelta;
  readonly finishReason: string | null;
  readonly logprobs: unknown;
}

export type Feed =
  /** The payload may go to the client as it is. */
  | { readonly kind: 'verbatim' }
  | { readonly kind: 'emit'; readonly emissions: readonly Emission[] }
  | { readonly kind: 'done' }
  /** `emissions` are what is whole of it and may still be shown before the error: complete calls. */
  | { readonly kind: 'broken'; readonly problem: UpstreamFailure; readonly emissions: readonly Emission[] };

export interface Answer {
  feed(payload: string): Feed;
  /** Takes a whole completion through the same steps. */
  feedCompletion(completion: UpstreamCompletion): Feed;
  readonly state: AnswerState;
}

export interface AnswerState {
  readonly choices: ReadonlyMap<number, Choice>;
  /** How many choices were asked for. */
  readonly choiceCount: number;
  /** Identity of the answer, from the first chunk that had one. */
  head: { id: string | null; created: number | null; model: string | null };
  /** The server's usage object, unchecked; null until one came. */
  usage: unknown;
  sawDone: boolean;
  /** Events that carried text, reasoning or calls: about one per token. */
  contentEvents: number;
  contentChars: number;
  /** What `keepsLogprobs` keeps, as JSON. */
  logprobChars: number;
  /** Set by whoever shows the answer: from then on another try is no longer free. */
  isShown: boolean;
  /** What a client should know of an answer that it gets all the same; sentences, each once. */
  readonly warnings: string[];
}

const invalidCall = 'The arguments of a tool call do not satisfy its schema.';
const brokenCall = 'The answer ended inside a tool call, or announced one and made none.';

const verbatim: Feed = { kind: 'verbatim' };
const done: Feed = { kind: 'done' };

/** What servers write when there is no more. */
export function isEndMark(payload: string): boolean {
  return payload === '[DONE]' || (payload.length < 16 && payload.trim() === '[DONE]');
}

export function createAnswer(options: AnswerOptions): Answer {
  const choices = new Map<number, Choice>();
  const state: AnswerState = {
    choices,
    choiceCount: options.choiceCount,
    head: options.head ?? { id: null, created: null, model: null },
    usage: null,
    sawDone: false,
    contentEvents: 0,
    contentChars: 0,
    logprobChars: 0,
    isShown: options.head !== null,
    warnings: [],
  };

  const chunks = createChunkReader(options.dialect);

  const choiceAt = (index: number): Choice => {
    const found = choices.get(index);
    if (found !== undefined) return found;
    const created = options.createChoice(index);
    choices.set(index, created);
    return created;
  };

  const takeHead = (chunk: Pick<UpstreamChunk, 'id' | 'created' | 'model' | 'usage'>): void => {
    if (state.head.id === null) state.head = { id: chunk.id, created: chunk.created, model: chunk.model };
    if (chunk.usage !== null) state.usage = chunk.usage;
  };

  const isTooLarge = (): boolean => state.contentChars + state.logprobChars > options.maxAnswerChars;

  const keepLogprobs = (choice: Choice, logprobs: unknown): void => {
    if (!options.keepsLogprobs || logprobs === null) return;
    choice.logprobs.push(logprobs);
    state.logprobChars += JSON.stringify(logprobs).length;
  };

  /** Content of choices that were asked for, have their role and have not ended. */
  const mayPass = (chunk: UpstreamChunk): boolean =>
    options.isTransparent &&
    chunk.isPlainContent &&
    chunk.choices.every(({ index }) => {
      const choice = choices.get(index);
      return index < options.choiceCount && (choice === undefined ? chunk.hasRole : choice.finishReason === null);
    });

  const addText = (choice: Choice, text: string): void => {
    choice.hasRole = true;
    if (text === '') return;
    choice.addContent(text);
    state.contentEvents += 1;
    state.contentChars += text.length;
  };

  /** As `mayPass` and `takePlain`, for text that is known to come without anything else. */
  const takeText = (index: number, text: string): boolean => {
    const choice = choices.get(index);
    if (choice === undefined || choice.finishReason !== null || index >= options.choiceCount) return false;
    addText(choice, text);
    return true;
  };

  const takePlain = (chunk: UpstreamChunk): Feed => {
    for (const piece of chunk.choices) {
      const choice = choiceAt(piece.index);
      keepLogprobs(choice, piece.logprobs);
      addText(choice, piece.delta.content ?? '');
    }
    return isTooLarge() ? broken({ code: 'upstream_too_large' }) : verbatim;
  };

  const takeChoices = (pieces: UpstreamChunk['choices']): Feed => {
    const emissions: Emission[] = [];
    for (const piece of pieces) {
      if (piece.index >= options.choiceCount) continue;
      const finish = piece.finishReason === null ? null : options.dialect.readFinish(piece.finishReason);
      if (finish?.kind === 'failure') return { kind: 'broken', problem: finish.problem, emissions };
      const choice = choiceAt(piece.index);
      const wasFinished = choice.finishReason !== null;
      count(state, piece);
      const deltas = feedChoice(choice, piece.delta, finish?.reason ?? null);
      if (!wasFinished) keepLogprobs(choice, piece.logprobs);
      if (isTooLarge() || choice.machine.hasOverflowed) return broken({ code: 'upstream_too_large' });
      if (options.refusesInvalidCalls && choice.callVerdicts.invalid > 0) {
        if (!state.isShown) return broken({ code: 'upstream_invalid_answer', detail: invalidCall }, 'unfit_answer');
        if (!state.warnings.includes(invalidCall)) state.warnings.push(invalidCall);
      }
      if (choice.hasBrokenCall) {
        const whole = deltas.length === 0 ? [] : emit(choice, null, deltas);
        return broken({ code: 'upstream_invalid_answer', detail: brokenCall }, 'unfit_answer', [...emissions, ...whole]);
      }
      if (choice.hasDiverged) return broken({ code: 'upstream_truncated' }, 'unfit_answer');
      if (choice.violations !== null)
        return broken({ code: 'invalid_structured_output', detail: describe(choice.violations) }, 'unfit_answer');
      countLogprobs(choice, piece.logprobs);
      if (!wasFinished) emissions.push(...emit(choice, options.showsLogprobs ? piece.logprobs : null, deltas));
    }
    return { kind: 'emit', emissions };
  };

  return {
    state,

    feed(payload) {
      if (isEndMark(payload)) {
        state.sawDone = true;
        return done;
      }
      if (options.isTransparent && chunks.skim(payload, takeText))
        return isTooLarge() ? broken({ code: 'upstream_too_large' }) : verbatim;
      const read = chunks.read(payload);
      if (!read.ok) return { kind: 'broken', problem: read.failure, emissions: [] };
      takeHead(read.value);
      if (mayPass(read.value)) return takePlain(read.value);
      const feed = takeChoices(read.value.choices);
      return options.head === null && isUnchanged(read.value, feed) ? verbatim : feed;
    },

    feedCompletion(completion) {
      takeHead(completion);
      const fed = takeChoices(completion.choices.map((choice) => ({ ...choice, finishReason: choice.finishReason ?? 'stop' })));
      if (choices.size === 0 && fed.kind === 'emit') return broken({ code: 'upstream_invalid_answer' });
      state.sawDone = fed.kind === 'emit';
      return fed;
    },
  };
}

/**
 * Whether every choice has ended: only then is an answer whole. Servers that ignore `n` send fewer than were asked for, and say with their
 * end mark that there are no more.
 */
export function isComplete(state: AnswerState): boolean {
  if (state.choices.size === 0 || (state.choices.size < state.choiceCount && !state.sawDone)) return false;
  for (const choice of state.choices.values()) if (choice.finishReason === null) return false;
  return true;
}

/** Whether what would be written anew is the text that came, and nothing else: then the very bytes may go on after all. */
function isUnchanged({ choices: [piece, otherPiece], isPlainContent }: UpstreamChunk, feed: Feed): boolean {
  if (feed.kind !== 'emit' || !isPlainContent || piece === undefined || otherPiece !== undefined) return false;
  const [emission, otherEmission] = feed.emissions;
  if (emission === undefined || otherEmission !== undefined || emission.delta['role'] !== undefined) return false;
  return emission.delta['content'] === piece.delta.content && emission.logprobs === piece.logprobs;
}

function emit(choice: Choice, logprobs: unknown, deltas: readonly ClientDelta[]): Emission[] {
  const emissions: Emission[] = [];
  const push = (delta: ClientDelta, finishReason: string | null): void => {
    emissions.push({ choiceIndex: choice.index, delta, finishReason, logprobs: null });
  };
  if (!choice.hasRole) {
    choice.hasRole = true;
    push({ role: 'assistant', content: '' }, null);
  }
  for (const delta of deltas) push(delta, null);
  if (logprobs !== null) {
    if (deltas.length === 0) push({}, null);
    const last = emissions.length - 1;
    const carrier = emissions[last];
    if (carrier !== undefined) emissions[last] = { ...carrier, logprobs };
  }
  if (choice.finishReason !== null) push({}, choice.finishReason);
  return emissions;
}

function count(state: AnswerState, piece: UpstreamChunk['choices'][number]): void {
  const { content, reasoning, refusal, tool_calls: calls } = piece.delta;
  const callChars = calls == null ? 0 : JSON.stringify(calls).length;
  const chars = (content?.length ?? 0) + (reasoning?.length ?? 0) + (refusal?.length ?? 0) + callChars;
  if (chars === 0) return;
  state.contentEvents += 1;
  state.contentChars += chars;
}

/** vLLM writes -9999 for "not known". */
const unknownLogprob = -9000;

function countLogprobs(choice: Choice, logprobs: unknown): void {
  for (const token of asArray(asObject(logprobs)?.['content']) ?? []) {
    const logprob = asObject(token)?.['logprob'];
    if (typeof logprob !== 'number' || !(logprob > unknownLogprob)) continue;
    choice.logprobSum += logprob;
    choice.logprobCount += 1;
  }
}

function broken(failure: Failure, cause: FailureCause = 'invalid_answer', emissions: readonly Emission[] = []): Feed {
  return { kind: 'broken', problem: { failure, cause }, emissions };
}

/** The first few violations in one line; paths and keywords only, never the model's text. */
function describe(violations: readonly { readonly path: string; readonly message: string }[]): string {
  return violations
    .slice(0, 5)
    .map(({ path, message }) => `${path === '' ? '(root)' : path}: ${message}`)
    .join('; ')
    .slice(0, 500);
}
