/**
 * Finds the next place in a text where a format may open a call: at one of its openers, not in quoted code where it does not
 * want to be, not inside a JSON answer, and not where it has looked in vain already. Formats keep their order where several open at the
 * same place.
 */
import { codeMarkers, type CodeState, codeTokens, createCodeTracker } from './code-spans.ts';
import { type Cursor, offsetOf } from './cursor.ts';
import type { Opener, ReadCalls, ToolFormat, Verdict } from './formats/tool-format.ts';
import { indifferent, type JsonScan, resumeScan } from '../json/scan.ts';
import { scanJson } from '../json/scanner.ts';
import { createMarkerSet, findMarker, type MarkerSet, mayBecomeMarker, unfinishedMarkerAt } from '../text/marker-set.ts';
import type { Quotation } from './quoted-calls.ts';

/** A reading that may begin where the cursor stands; `format` is null for one that belongs to none. */
export interface Start {
  readonly format: ToolFormat | null;
  readonly read: ReadCalls;
  readonly quotation: Quotation | null;
}

export interface OpenerSearch {
  /** Moves the cursor to the next place to open, or over all text that surely opens nothing (then null). */
  next(input: Cursor): Start | null;
  /** The format found no call, and how far it need not look again. */
  mute(format: ToolFormat, verdict: Extract<Verdict, { kind: 'text' }>): void;
  /** The cursor jumps over a call: a JSON answer around it has ended there. */
  jump(): void;
  /** The text from an offset on was taken back: what was learnt from it goes. */
  forgetFrom(offset: number): void;
}

/** A JSON answer that a format must not look into, and how far it has been followed. */
interface Inside {
  readonly format: ToolFormat;
  readonly scan: JsonScan;
  offset: number;
}

export function createOpenerSearch(formats: readonly ToolFormat[]): OpenerSearch {
  const setFor = markerSetsOf(formats);
  const mutedUntil = new Map<ToolFormat, number>();
  let insides: Inside[] = [];
  const code = createCodeTracker();
  /** What is looked for in that state; null until it is looked for. */
  let set: MarkerSet | null = null;
  /** Whether there was any text but calls, white space and fences. */
  let hasInk = false;

  /** Moves over text that opens nothing. */
  function pass(input: Cursor, to: number): void {
    if (!hasInk && to > input.at && inkStates.has(code.state)) hasInk = /[^\s`]/.test(input.text.slice(input.at, to));
    if (insides.length > 0) follow(input, to);
    input.at = to;
  }

  /** Follows the JSON answers up to `to`; a format may look again where its one has ended. */
  function follow({ text, base }: Cursor, to: number): void {
    for (let i = insides.length - 1; i >= 0; i -= 1) {
      const inside = insides[i];
      if (inside === undefined || inside.offset >= base + to) continue;
      inside.offset += scanJson(inside.scan, indifferent, text.slice(inside.offset - base, to), 0);
      if (inside.scan.status === 'open') continue;
      mutedUntil.set(inside.format, Math.max(inside.offset, mutedUntil.get(inside.format) ?? 0));
      insides.splice(i, 1);
    }
  }

  function quotationOf(format: ToolFormat, { isBlock }: Opener): Quotation | null {
    const isInCode = quotingStates.has(code.state);
    if (!isInCode && isBlock !== true) return null;
    return { format, isInCode, mustBeLast: hasInk || code.state === 'span' || code.state === 'wide_span' };
  }

  function startAt(input: Cursor): Start | null {
    for (const format of formats) {
      if ((mutedUntil.get(format) ?? 0) > offsetOf(input) || insides.some((inside) => inside.format === format)) continue;
      for (const opener of format.openers) {
        const isAllowed = code.state === 'prose' || !opener.isOutsideCode;
        if (isAllowed && input.text.startsWith(opener.marker, input.at))
          return { format, read: opener.read, quotation: quotationOf(format, opener) };
      }
    }
    return null;
  }

  return {
    next(input) {
      const { text, ending } = input;
      for (;;) {
        set ??= setFor(code.state);
        const hit = findMarker(set, text, input.at);
        if (hit === null) {
          pass(input, ending === null ? unfinishedMarkerAt(set, text, input.at) : text.length);
          return null;
        }
        pass(input, hit.at);
        if (ending === null && mayBecomeMarker(set, text, hit.at)) return null;
        const start = startAt(input);
        if (start !== null) return start;
        const { state } = code;
        const length = code.step(hit.marker, offsetOf(input));
        pass(input, input.at + length);
        if (code.state !== state) set = null;
      }
    },
    mute(format, { muteUntil, inside }) {
      if (inside != null) insides.push({ format, scan: resumeScan(inside), offset: muteUntil });
      else mutedUntil.set(format, Math.max(muteUntil, mutedUntil.get(format) ?? 0));
    },
    jump() {
      insides = [];
    },
    forgetFrom(offset) {
      for (const [format, until] of mutedUntil) mutedUntil.set(format, Math.min(until, offset));
      insides = insides.filter((inside) => inside.offset <= offset);
    },
  };
}

/** Where text stands, as opposed to the fence around it and its info word. */
const inkStates: ReadonlySet<CodeState> = new Set(['prose', 'span', 'wide_span', 'block']);
/** Behind a closing run, or on a line that turned out to open no block, there is prose again. */
const quotingStates: ReadonlySet<CodeState> = new Set(['span', 'wide_span', 'block', 'opening', 'info']);

/**
 * Sets by formats and state: compiling their expressions costs more than a short answer. Configurations are few, so this stays
 * small.
 */
const knownSets = new Map<string, MarkerSet>();

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

/** Without an opener there is nothing to look for, in code or elsewhere. */
function markerSetOf(formats: readonly ToolFormat[], state: CodeState): MarkerSet {
  const openers = formats.flatMap((format) => format.openers);
  if (openers.length === 0) return createMarkerSet([]);
  const unless = new Map(openers.flatMap(({ marker, unless: not }) => (not === undefined ? [] : [[marker, not]])));
  const markers = openers.filter((opener) => state === 'prose' || !opener.isOutsideCode).map((opener) => opener.marker);
  return createMarkerSet([...markers, ...codeMarkers[state]], { unless, others: codeTokens[state] });
}
