/**
 * Whether a whole text holds a repetition that is long enough to be looked at closely. Most hold none, and knowing that costs a fraction of looking
 * through a text as if it still came in.
 */

/** No passage has more tokens for each UTF-16 unit: see `repeated-tokens.ts`. */
const mostTokensPerUnit = 1.5;
const keyChars = 16;
/** Where a key may begin behind its place: at the rarest character, since a search stops at each that is like its first. */
const slackChars = 8;
const roomChars = keyChars + slackChars - 1;

export interface RunLimits {
  /** Fewest UTF-16 units that count, all copies together. */
  readonly leastChars: number;
  /** Fewest copies that count. */
  readonly leastCopies: number;
  /** Longest passage whose repetition counts. */
  readonly maxPeriod: number;
}

/** Fewest UTF-16 units that can be so many tokens. */
export function leastCharsOf(tokens: number): number {
  return Math.ceil(tokens / mostTokensPerUnit);
}

/**
 * False only where no passage stands so often in a row. Keys are taken at steady distances and looked for behind themselves: a run has a copy of
 * each key in it, one period further on. The longer the period the longer the run must be, so the fewer keys need be looked for far away: every
 * second one twice as far, every fourth four times.
 */
export function mayHoldRun(text: string, { leastChars, leastCopies, maxPeriod }: RunLimits): boolean {
  const stepChars = Math.floor((leastChars * (leastCopies - 1)) / leastCopies) - roomChars;
  // Runs so short would have nearly every character as a key.
  if (stepChars < keyChars || leastCopies < 3) return true;
  for (let at = 0, key = 0; at + roomChars < text.length; at += stepChars, key += 1) {
    // The lowest bit that is set: 1, 2, 1, 4, 1, 2, 1, 8 ...
    const level = key === 0 ? maxPeriod : key & -key;
    const reach = Math.min(maxPeriod, level * (stepChars + roomChars));
    if (isInRun(text, rarestFrom(text, at), reach, leastChars, leastCopies)) return true;
  }
  return false;
}

/** The letters of most languages' texts, the most frequent last. */
const frequent = 'vkbpygfwmucldrhsnioate ';

function rarestFrom(text: string, at: number): number {
  let [rarest, least] = [at, frequent.length];
  for (let place = at; place < at + slackChars && least > 0; place += 1) {
    const rank = frequencies[text.charCodeAt(place)] ?? 0;
    if (rank < least) [rarest, least] = [place, rank];
  }
  return rarest;
}

/** By code unit; 0 for what is not frequent. */
const frequencies = Uint8Array.from({ length: 128 }, (_, unit) => frequent.indexOf(String.fromCharCode(unit)) + 1);

function isInRun(text: string, at: number, reach: number, leastChars: number, leastCopies: number): boolean {
  const key = text.slice(at, at + keyChars);
  const ahead = text.slice(at + 1, at + reach + keyChars);
  for (let found = ahead.indexOf(key); found >= 0; found = ahead.indexOf(key, found + 1)) {
    const period = found + 1;
    if (isRepeated(text, at, period) && runAround(text, at, period) >= Math.max(leastChars, leastCopies * period)) return true;
  }
  return false;
}

/** What stands at `at` also stands one period behind, or one before: so it is in any run of three copies, and texts are compared quickly. */
function isRepeated(text: string, at: number, period: number): boolean {
  const copy = text.slice(at, at + period);
  return copy === text.slice(at + period, at + 2 * period) || (at >= period && copy === text.slice(at - period, at));
}

/** How long the text around `at` repeats what stands `period` before. */
function runAround(text: string, at: number, period: number): number {
  let first = at;
  while (first > 0 && text.charCodeAt(first - 1) === text.charCodeAt(first - 1 + period)) first -= 1;
  let end = at + keyChars;
  while (end + period < text.length && text.charCodeAt(end) === text.charCodeAt(end + period)) end += 1;
  return end - first + period;
}
