/** Which inputs travel in one call. */

export interface BatchLimits {
  readonly max_inputs: number;
  readonly max_tokens: number;
}

/** Inputs from `from` up to, but not including, `to`. */
export interface Slice {
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
}

/**
 * Cuts a list into slices of at most so many inputs and tokens, in order, each as full as it may be. An input that is over the limit by itself
 * travels alone.
 *
 * @param tokens of each input
 */
export function splitInputs(tokens: readonly number[], { max_inputs: maxInputs, max_tokens: maxTokens }: BatchLimits): Slice[] {
  const slices: Slice[] = [];
  let from = 0;
  let sum = 0;
  tokens.forEach((count, i) => {
    if (i > from && (i - from >= maxInputs || sum + count > maxTokens)) {
      slices.push({ from, to: i, tokens: sum });
      from = i;
      sum = 0;
    }
    sum += count;
  });
  if (tokens.length > from) slices.push({ from, to: tokens.length, tokens: sum });
  return slices;
}
