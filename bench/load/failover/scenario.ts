/** The type of a failover scenario, and the sentences that report its outcome. */
import { type Answer, type ModelId, sixtyWords, type Stand, type StandOptions } from './stand.ts';

export interface Outcome {
  readonly seen: string;
  readonly isKept: boolean;
}

export interface FailoverScenario {
  /** For `--only`. */
  readonly name: string;
  /** What must be seen, as a sentence. */
  readonly expected: string;
  readonly models?: NonNullable<StandOptions['models']>;
  run(stand: Stand): Promise<Outcome>;
}

/** The sixty words, once each and in order, with a finish reason. */
export function isWhole({ text, error, finishReason }: Answer): boolean {
  return error === null && finishReason === 'stop' && text === sixtyWords;
}

export function told(answer: Answer): string {
  const { text, error, servedBy, calls, firstTokenSeconds, finishReason } = answer;
  const asked = calls.length === 0 ? 'nobody asked' : `asked ${calls.join(', ')}`;
  if (error !== null) return `${error}${text === '' ? '' : ` after ${wordsOf(text)} words`}, ${asked}`;
  const first = firstTokenSeconds === null ? '' : `, first token after ${firstTokenSeconds.toFixed(1)} s`;
  const whole = text === sixtyWords ? 'whole' : `${wordsOf(text)} words, not the right ones`;
  return `${whole}, ${finishReason}, by ${servedBy}${first}, ${asked}`;
}

function wordsOf(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** Joins what several answers show; all must be right. */
export function allOf(...outcomes: readonly Outcome[]): Outcome {
  return {
    seen: [...new Set(outcomes.map(({ seen }) => seen))].join('; '),
    isKept: outcomes.every(({ isKept }) => isKept),
  };
}

/** Streamed and whole, the answer must be whole, and `isRight` must hold as well. */
export async function bothForms(stand: Stand, text: string, isRight: (answer: Answer) => boolean): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const isStream of [true, false]) {
    const answer = await stand.ask({ text: `${text}Name harbour ${isStream ? 'one' : 'two'}.`, isStream });
    outcomes.push({ seen: told(answer), isKept: isWhole(answer) && isRight(answer) });
  }
  return allOf(...outcomes);
}

/** Nothing may count against a model's health; a throttle after a 429 is allowed. */
export async function unblamed(stand: Stand, model: ModelId): Promise<Outcome> {
  const { status, failures } = await stand.health(model);
  return { seen: `${model} ${status}, ${failures} failures`, isKept: status !== 'down' && failures === 0 };
}
