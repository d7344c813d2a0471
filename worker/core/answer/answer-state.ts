/** The state of an answer while it streams, and when it is whole. */
import type { ReportedUsage, UpstreamChunk } from '../upstreams/dialect.ts';
import { asArray, asObject } from '../json/view.ts';
import type { Choice } from './choice.ts';

export interface AnswerState {
  readonly choices: ReadonlyMap<number, Choice>;
  /** How many choices were asked for. */
  readonly choiceCount: number;
  /**
   * Identity of the answer: from the first chunk that has each of the three. What a client has seen of it must not change, so the code that
   * shows it fills in what is missing.
   */
  head: Head;
  /** Null until the server reports it. */
  usage: ReportedUsage | null;
  sawDone: boolean;
  /** Every choice has its finish reason from the server: nothing is to come but usage and the end mark. */
  isOver: boolean;
  /** Events that carried text, reasoning, refusals or calls: about one per token. */
  contentEvents: number;
  contentChars: number;
  /** What `keepsLogprobs` keeps, as JSON. */
  logprobChars: number;
  /** It repeated itself without end, and was cut. */
  isRunaway: boolean;
  /** Set by the code that shows the answer: from then on another try is no longer free. */
  isShown: boolean;
  /** Shortcomings of an answer that the client gets nevertheless; sentences, each once. */
  readonly warnings: string[];
}

interface Head {
  readonly id: string | null;
  readonly created: number | null;
  readonly model: string | null;
}

/** Whether every choice has its end: only then is an answer whole. */
export function isComplete(state: AnswerState): boolean {
  return areEnded(state, ({ finishReason }) => finishReason !== null);
}

/**
 * Servers that ignore `n` send fewer choices than were asked for, and say with their end mark that there are no more.
 *
 * @param isEnded what ends a choice
 */
export function areEnded(state: AnswerState, isEnded: (choice: Choice) => boolean): boolean {
  const { choices, choiceCount, sawDone } = state;
  if (choices.size === 0 || (choices.size < choiceCount && !sawDone)) return false;
  for (const choice of choices.values()) if (!isEnded(choice)) return false;
  return true;
}

export function mergeHead(head: Head, { id, created, model }: Head): Head {
  if (head.id !== null && head.created !== null && head.model !== null) return head;
  return { id: head.id ?? id, created: head.created ?? created, model: head.model ?? model };
}

/** Whether a chunk shows the identity that the answer has, all of it. */
export function hasHead(chunk: Head, { id, created, model }: Head): boolean {
  return (
    id !== null && created !== null && model !== null && chunk.id === id && chunk.created === created && chunk.model === model
  );
}

/** Counts what a piece says. */
export function count(state: AnswerState, { delta }: UpstreamChunk['choices'][number]): void {
  const { content, reasoning, refusal, tool_calls: calls } = delta;
  const callChars = calls == null ? 0 : charsOf(calls);
  const chars = (content?.length ?? 0) + (reasoning?.length ?? 0) + (refusal?.length ?? 0) + callChars;
  if (chars === 0) return;
  state.contentEvents += 1;
  state.contentChars += chars;
}

/** All that the model wrote in a delta, one after the other. */
export function writtenIn({ content, reasoning, refusal, tool_calls: calls }: UpstreamChunk['choices'][number]['delta']): string {
  const written = (reasoning ?? '') + (content ?? '') + (refusal ?? '');
  return calls == null ? written : written + calls.map(callText).join('');
}

function callText(entry: unknown): string {
  const { name, arguments: args } = asObject(asObject(entry)?.['function']) ?? {};
  const text = args == null ? '' : typeof args === 'string' ? args : JSON.stringify(args);
  return typeof name === 'string' ? name + text : text;
}

/** What a model wrote of calls: names and arguments. An entry with neither is a sign of a server, not of a model. */
function charsOf(calls: readonly unknown[]): number {
  let chars = 0;
  for (const entry of calls) {
    const { name, arguments: args } = asObject(asObject(entry)?.['function']) ?? {};
    if (typeof name === 'string') chars += name.length;
    if (args != null) chars += typeof args === 'string' ? args.length : JSON.stringify(args).length;
  }
  return chars;
}

/** vLLM writes -9999 for "not known". */
const unknownLogprob = -9000;

export function countLogprobs(choice: Choice, logprobs: unknown): void {
  for (const token of asArray(asObject(logprobs)?.['content']) ?? []) {
    const logprob = asObject(token)?.['logprob'];
    if (typeof logprob !== 'number' || !(logprob > unknownLogprob)) continue;
    choice.logprobSum += logprob;
    choice.logprobCount += 1;
  }
}
