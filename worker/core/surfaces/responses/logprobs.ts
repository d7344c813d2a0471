/** Log probabilities of chat completions, as this wire has them. */
import { asArray, asObject } from '../../json/view.ts';

interface Token {
  readonly token: string;
  readonly bytes: readonly unknown[];
  readonly logprob: number;
}

export interface Logprob extends Token {
  readonly top_logprobs: readonly Token[];
}

export function readLogprobs(logprobs: unknown): readonly Logprob[] {
  return (asArray(asObject(logprobs)?.['content']) ?? []).flatMap((entry) => {
    const read = oneOf(entry);
    const top = asArray(asObject(entry)?.['top_logprobs']) ?? [];
    return read === null ? [] : [{ ...read, top_logprobs: top.flatMap((other) => oneOf(other) ?? []) }];
  });
}

/** Events have no bytes, the parts of an item have. */
export function withoutBytes({ token, logprob, top_logprobs: top }: Logprob): unknown {
  return { token, logprob, top_logprobs: top.map((other) => ({ token: other.token, logprob: other.logprob })) };
}

function oneOf(entry: unknown): Token | null {
  const fields = asObject(entry);
  const token = fields?.['token'];
  const logprob = fields?.['logprob'];
  return typeof token === 'string' && typeof logprob === 'number'
    ? { token, bytes: asArray(fields?.['bytes']) ?? [], logprob }
    : null;
}
