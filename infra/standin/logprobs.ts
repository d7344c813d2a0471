/** Token probabilities as vLLM reports them: seeded, plausible, and low on demand. */
import type { Random } from './random.ts';
import { pick } from './random.ts';
import { nouns } from './vocabulary.ts';

interface TokenProbability {
  readonly token: string;
  readonly logprob: number;
  readonly bytes: readonly number[];
}

export interface LogprobEntry extends TokenProbability {
  readonly top_logprobs: readonly TokenProbability[];
}

/** One entry per token. A sure model gives most tokens above 0.8, an unsure one most below 0.3. */
export function tokenLogprobs(random: Random, tokens: readonly string[], topCount: number, isUnsure: boolean): LogprobEntry[] {
  return tokens.map((token) => {
    const own = probability(token, isUnsure ? -1.2 - 2 * random() : -0.25 * random() ** 3 - (random() < 0.06 ? random() : 0));
    const others: TokenProbability[] = [];
    let next = own.logprob;
    for (let rank = 1; rank < topCount; rank += 1) {
      next -= (isUnsure ? 0.1 : 1.5) + random();
      others.push(probability(` ${pick(random, nouns)}`, next));
    }
    return { ...own, top_logprobs: topCount > 0 ? [own, ...others] : [] };
  });
}

function probability(token: string, logprob: number): TokenProbability {
  return { token, logprob: Number(logprob.toFixed(6)), bytes: [...Buffer.from(token)] };
}
