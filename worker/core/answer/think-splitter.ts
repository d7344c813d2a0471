/**
 * Separates reasoning from the answer in a model's text: `<think>…</think>` at the start of the message, the opening tag
 * possibly in the prompt already, the closing one possibly never written. Tags anywhere else are ordinary text.
 */
import { createMarkerSet, findMarker, unfinishedMarkerAt } from '../text/marker-set.ts';

export type ReasoningMode = 'none' | 'think' | 'think_open';

export interface ThinkSplitter {
  /** Whether all further text is answer. */
  isDone(): boolean;
  feed(text: string): void;
  /** Brings out what was held back. */
  end(): void;
  /** Forgets what was held back. */
  forgetHeld(): void;
  /** The server separates reasoning itself, so what comes as text is the answer. */
  skip(): void;
}

export interface ThinkParts {
  onReasoning(text: string): void;
  onAnswer(text: string): void;
  /** The closing tag has passed. */
  onClosed(): void;
}

const open = '<think>';
const close = '</think>';
const closing = createMarkerSet([close]);

/** Holds back at most a tag less one character. White space before the opening tag goes to the answer. */
export function createThinkSplitter(mode: ReasoningMode, parts: ThinkParts): ThinkSplitter {
  let state: 'start' | 'inside' | 'done' = mode === 'none' ? 'done' : 'start';
  let held = '';

  const pass = (text: string): void => {
    if (text === '') return;
    if (state === 'inside' || (state === 'start' && mode === 'think_open')) parts.onReasoning(text);
    else parts.onAnswer(text);
  };

  const readStart = (text: string): string => {
    const at = text.length - text.trimStart().length;
    pass(text.slice(0, at));
    const rest = text.slice(at);
    if (rest === '' || (rest.length < open.length && open.startsWith(rest))) return rest;
    const isOpen = rest.startsWith(open);
    state = isOpen || mode === 'think_open' ? 'inside' : 'done';
    return readInside(isOpen ? rest.slice(open.length) : rest);
  };

  const readInside = (text: string): string => {
    if (state === 'done') {
      pass(text);
      return '';
    }
    const hit = findMarker(closing, text, 0);
    const to = hit?.at ?? unfinishedMarkerAt(closing, text, 0);
    pass(text.slice(0, to));
    if (hit === null) return text.slice(to);
    state = 'done';
    parts.onClosed();
    pass(text.slice(to + close.length));
    return '';
  };

  return {
    isDone: () => state === 'done',
    feed(text) {
      const whole = held + text;
      held = state === 'start' ? readStart(whole) : readInside(whole);
    },
    end() {
      const rest = held;
      held = '';
      pass(rest);
    },
    forgetHeld() {
      held = '';
    },
    skip() {
      if (state !== 'start') return;
      const rest = held;
      held = '';
      state = 'done';
      pass(rest);
    },
  };
}
