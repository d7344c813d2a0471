/**
 * Finds the next place in a text where a format may open a call: at one of its openers, not in quoted code where it does not
 * want to be, and not where it has looked in vain already. Formats keep their order where several open at the same place.
 */
import { codeMarkers, type CodeState, codeTokens, stepCode } from './code-spans.ts';
import { type Cursor, offsetOf } from './cursor.ts';
import type { ReadCalls, ToolFormat } from './formats/tool-format.ts';
import { createMarkerSet, findMarker, type MarkerSet, mayBecomeMarker, unfinishedMarkerAt } from './marker-set.ts';

/** A reading that may begin where the cursor stands; `format` is null for one that belongs to none. */
export interface Start {
  readonly format: ToolFormat | null;
  readonly read: ReadCalls;
}

export interface OpenerSearch {
  /** Moves the cursor to the next place to open, or over all text that surely opens nothing (then null). */
  next(input: Cursor): Start | null;
  /** The format need not look again before an offset. */
  mute(format: ToolFormat, until: number): void;
}

export function createOpenerSearch(formats: readonly ToolFormat[]): OpenerSearch {
  const setFor = markerSetsOf(formats);
  const mutedUntil = new Map<ToolFormat, number>();
  let state: CodeState = 'prose';
  /** What is looked for in that state; null until it is looked for. */
  let set: MarkerSet | null = null;

  function startAt(input: Cursor): Start | null {
    for (const format of formats) {
      if ((mutedUntil.get(format) ?? 0) > offsetOf(input)) continue;
      for (const { marker, isOutsideCode, read } of format.openers) {
        const isAllowed = state === 'prose' || !isOutsideCode;
        if (isAllowed && input.text.startsWith(marker, input.at)) return { format, read };
      }
    }
    return null;
  }

  return {
    next(input) {
      const { text, ending } = input;
      for (;;) {
        set ??= setFor(state);
        const hit = findMarker(set, text, input.at);
        if (hit === null) {
          input.at = ending === null ? unfinishedMarkerAt(set, text, input.at) : text.length;
          return null;
        }
        input.at = hit.at;
        if (ending === null && mayBecomeMarker(set, text, hit.at)) return null;
        const start = startAt(input);
        if (start !== null) return start;
        const step = stepCode(state, hit.marker);
        if (step.state !== state) set = null;
        state = step.state;
        input.at += step.length;
      }
    },
    mute(format, until) {
      mutedUntil.set(format, Math.max(until, mutedUntil.get(format) ?? 0));
    },
  };
}

/**
 * Sets by formats and state: compiling their expressions costs more than a short answer. Configurations are few, so this stays
 * small.
 */
const knownSets = new Map<string, MarkerSet>();

/** What is looked for in a state. Without a format that cares about code there is one state and one set. */
function markerSetsOf(formats: readonly ToolFormat[]): (state: CodeState) => MarkerSet {
  const ids = formats.map(({ id }) => id).join();
  return (state) => {
    const key = `${state} ${ids}`;
    const known = knownSets.get(key);
    if (known !== undefined) return known;
    const set = markerSetOf(formats, state);
    knownSets.set(key, set);
    return set;
  };
}

function markerSetOf(formats: readonly ToolFormat[], state: CodeState): MarkerSet {
  const openers = formats.flatMap((format) => format.openers);
  const unless = new Map(openers.flatMap(({ marker, unless: not }) => (not === undefined ? [] : [[marker, not]])));
  const markers = openers.filter((opener) => state === 'prose' || !opener.isOutsideCode).map((opener) => opener.marker);
  if (!openers.some((opener) => opener.isOutsideCode)) return createMarkerSet(markers, { unless });
  return createMarkerSet([...markers, ...codeMarkers[state]], { unless, others: codeTokens[state] });
}
