/**
 * Follows Markdown code in a text: formats without markers look for calls outside it only. A run of three or more backticks
 * opens a block if at most one word follows on its line; the next run that is as long, with no word behind it, closes it: so blocks can
 * show blocks. One or two backticks open a span that ends with the same run or the line. Knows the state between two tokens, not the text.
 */

/** `opening` and `closing` follow a run that may continue; `info` and `info_end` an opening run, on its line. */
export type CodeState = 'prose' | 'span' | 'wide_span' | 'opening' | 'info' | 'info_end' | 'block' | 'closing';

const fence = '```';
const anyRun = [fence, '``', '`'];

/** The strings that change each state, ... */
export const codeMarkers: Readonly<Record<CodeState, readonly string[]>> = {
  prose: anyRun,
  span: [...anyRun, '\n'],
  wide_span: [...anyRun, '\n'],
  opening: [],
  info: [],
  info_end: [],
  block: [fence],
  closing: [],
};

/** ... and the characters that do, as regular expressions. */
export const codeTokens: Readonly<Record<CodeState, string | null>> = {
  prose: null,
  span: null,
  wide_span: null,
  opening: '[^`]',
  info: '[`\\s]',
  info_end: '[^ \\t\\r]',
  block: null,
  closing: '[^`]',
};

/** The state, and the run of backticks it depends on. */
export interface CodeTracker {
  state: CodeState;
  runAt: number;
  fenceChars: number;
}

export function createCodeTracker(): CodeTracker {
  return { state: 'prose', runAt: 0, fenceChars: 0 };
}

/** Takes the next token, at an offset of the text, and returns how many of its characters that used up. */
export function followCode(tracker: CodeTracker, token: string, offset: number): number {
  const { state } = tracker;
  const { state: next, length } = stepCode(state, token);
  if (next !== state && (next === 'opening' || next === 'closing')) tracker.runAt = offset;
  if (state === 'opening') tracker.fenceChars = offset - tracker.runAt;
  const closes = offset - tracker.runAt >= tracker.fenceChars && !/^[\p{L}\p{N}]/u.test(token);
  tracker.state = state === 'closing' && !closes ? 'block' : next;
  return length;
}

interface CodeStep {
  readonly state: CodeState;
  /** Characters of the token that the step uses up; the rest is looked at again in the new state. */
  readonly length: number;
}

function stepCode(state: CodeState, token: string): CodeStep {
  switch (state) {
    case 'prose':
      if (token === fence) return { state: 'opening', length: 3 };
      if (token === '``') return { state: 'wide_span', length: 2 };
      return { state: token === '`' ? 'span' : 'prose', length: 1 };
    case 'span':
    case 'wide_span':
      return stepSpan(state, token);
    case 'opening':
      return { state: 'info', length: 0 };
    case 'info':
      if (token === '\n') return { state: 'block', length: 1 };
      if (token === '`') return { state: 'prose', length: 0 };
      return { state: token.trim() === '' ? 'info_end' : 'info', length: 1 };
    case 'info_end':
      return token === '\n' ? { state: 'block', length: 1 } : { state: 'prose', length: 0 };
    case 'block':
      return token === fence ? { state: 'closing', length: 3 } : { state, length: 1 };
    case 'closing':
      return { state: 'prose', length: 0 };
  }
}

function stepSpan(state: 'span' | 'wide_span', token: string): CodeStep {
  if (token === fence) return { state: 'prose', length: 0 };
  if (token === '\n' || token === (state === 'span' ? '`' : '``')) return { state: 'prose', length: token.length };
  return { state, length: token === '``' ? 2 : 1 };
}
