/** How soon the guard cuts an answer that lost its way, and whether it cuts good ones: the pure detector with the request's words, no HTTP. */
import { asksForRepetition } from '../../worker/core/answer/asked-repetition.ts';
import { addToWatch, watchRepetition } from '../../worker/core/text/repetition.ts';
import { type DegenerateCase, degenerateCases } from './degenerate-cases.ts';
import { type RepetitiveAnswer, repetitiveAnswers } from './repetitive-answers.ts';

export const maxTokens = 256;

export interface Cut extends DegenerateCase {
  /** Tokens of the repetition that the model had written when it was cut; null: never. */
  readonly tokens: number | null;
}

/** Token by token, as they stream; gives up after 5,000. */
export function cutsOf(cases = degenerateCases()): readonly Cut[] {
  return cases.map((one) => {
    const watch = watchRepetition(maxTokens);
    for (const token of one.beginning) addToWatch(watch, token);
    for (let tokens = 1; tokens <= 5000; tokens += 1) {
      const found = addToWatch(watch, one.cycle[(tokens - 1) % one.cycle.length] ?? '');
      if (found !== null) return { ...one, tokens };
    }
    return { ...one, tokens: null };
  });
}

/** Good answers that would have been cut. */
export function falseCuts(answers = repetitiveAnswers()): readonly RepetitiveAnswer[] {
  return answers.filter(({ prompt, answer }) => {
    const found = addToWatch(watchRepetition(maxTokens), answer);
    return found !== null && !asksForRepetition({ messages: [{ role: 'user', content: prompt }] }, prompt, found);
  });
}
