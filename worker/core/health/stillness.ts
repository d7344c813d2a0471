/**
 * An engine that is dead while its API answers: work is running, and nothing that it counts moves. Judged from the samples of successive
 * probes, which cost a request nothing. One sample says nothing, and neither does an engine without work, a page that could not be read, or
 * counters that start again: each is a new beginning.
 */
import type { EngineSample } from '../upstreams/dialect.ts';

/** Since when an engine with work has stood still. */
export interface Stillness {
  readonly engine: string;
  readonly mark: string;
  readonly sinceMs: number;
}

/** Servers with more engines on one page are watched in part. */
const maxEngines = 16;

/**
 * @param before what the last probe left
 * @param samples of this probe; empty where the server does not say
 */
export function stillEngines(
  before: readonly Stillness[],
  samples: readonly EngineSample[],
  nowMs: number,
): readonly Stillness[] {
  return samples
    .filter(({ running }) => running > 0)
    .slice(0, maxEngines)
    .map(
      ({ engine, mark }) => before.find((was) => was.engine === engine && was.mark === mark) ?? { engine, mark, sinceMs: nowMs },
    );
}

/** Since when the first engine that has stood still for so long does so; null where none has. */
export function wedgedSince(still: readonly Stillness[], nowMs: number, stillMs: number): number | null {
  const sinceMs = Math.min(...still.map((engine) => engine.sinceMs));
  return nowMs - sinceMs >= stillMs ? sinceMs : null;
}
