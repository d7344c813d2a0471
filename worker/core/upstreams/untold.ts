/** What a client asked for and a vendor’s wire has no field for. */
import type { InnerRequest } from '../request/inner-request.ts';

/** Without effect at 1; others are so at 0. */
const factors: ReadonlySet<string> = new Set(['temperature', 'top_p', 'repetition_penalty']);

/** How the client wants tokens to be chosen, by the names of fields, as far as a body for a model server has no such field. */
export function untold({ sampling, extras }: InnerRequest, body: Readonly<Record<string, unknown>>): readonly string[] {
  const asked = {
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    seed: sampling.seed,
    logit_bias: sampling.logitBias,
    ...extras,
  };
  return Object.entries(asked).flatMap(([name, value]) => (name in body || asksForNothing(name, value) ? [] : [name]));
}

/** Flags are about the form of a text, which vendors do not let anybody choose. */
function asksForNothing(name: string, value: unknown): boolean {
  if (typeof value !== 'number') return typeof value !== 'object' || value === null || Object.keys(value).length === 0;
  return (value === (factors.has(name) ? 1 : 0) && name !== 'seed') || (value === -1 && name === 'top_k');
}

/** Null for none. */
export function untoldWarning(servedName: string, names: readonly string[]): string | null {
  return names.length === 0 ? null : `${servedName} is not told ${names.join(', ')}`;
}
