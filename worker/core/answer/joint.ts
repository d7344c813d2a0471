/**
 * Where one call's text ends and another's begins. A call that was asked to continue an answer may repeat it from the beginning instead:
 * servers that do not know the field ignore it, and the two texts together would be nonsense that looks complete. So the first characters of
 * the second text are held back until they differ from the answer's beginning, or have repeated enough of it.
 */
export interface Joint {
  feed(text: string): JointVerdict;
  /** No more text comes, or what comes is a call. */
  end(): JointVerdict;
}

export type JointVerdict =
  | { readonly kind: 'waits' }
  /** `text` is what was held back. */
  | { readonly kind: 'goes_on'; readonly text: string }
  /** `text` is the beginning of the answer, as the client has it. */
  | { readonly kind: 'starts_over'; readonly text: string };

/** No continuation starts with this many characters of the beginning by chance. */
const plentyChars = 24;
/** Fewer characters than this say something only if there is a letter among them: "1" may well follow "1". */
const fewChars = 8;

const waits: JointVerdict = { kind: 'waits' };

export function createJoint(sent: string): Joint {
  const beginning = sent.trimStart();
  const blank = sent.slice(0, sent.length - beginning.length);
  const enough = distinctiveChars(beginning);
  let held = '';

  const judge = (isEnd: boolean): JointVerdict => {
    const own = withoutLeadIn(held, beginning);
    const equal = equalChars(own, beginning);
    const isSaid = equal >= enough || (isEnd && equal === own.length && saysSomething(own));
    if (isSaid) return { kind: 'starts_over', text: blank + own };
    const mayBeSaid = equal === own.length && enough !== Number.POSITIVE_INFINITY;
    return !isEnd && (mayBeSaid || mayBeLabel(held)) ? waits : { kind: 'goes_on', text: held };
  };

  return {
    feed(text) {
      held += text;
      return judge(false);
    },
    end: () => judge(true),
  };
}

/** How much of a beginning must come again to be no accident: as much as stands in the text only once. Infinite when nothing is enough. */
function distinctiveChars(beginning: string): number {
  const whole = beginning.trimEnd().length;
  if (whole <= plentyChars) return saysSomething(beginning) ? whole : Number.POSITIVE_INFINITY;
  let chars = plentyChars;
  // Rows of a table begin alike, and one that follows them is no new beginning.
  for (
    let at = beginning.indexOf(beginning.slice(0, chars), 1);
    at !== -1;
    at = beginning.indexOf(beginning.slice(0, chars), at)
  ) {
    chars = equalChars(beginning.slice(at), beginning) + 1;
    if (at + chars > beginning.length) return Number.POSITIVE_INFINITY;
  }
  return chars;
}

function saysSomething(text: string): boolean {
  return /\p{L}/u.test(text) || text.trim().length >= fewChars;
}

function equalChars(text: string, other: string): number {
  const most = Math.min(text.length, other.length);
  let chars = 0;
  while (chars < most && text.charCodeAt(chars) === other.charCodeAt(chars)) chars += 1;
  return chars;
}

const label = 'assistant';

/** White space, and the role that some templates leave in the text, stand before a beginning and are no part of it. */
function withoutLeadIn(text: string, beginning: string): string {
  const ink = text.trimStart();
  const isLabelled = ink.slice(0, label.length).toLowerCase() === label && !beginning.toLowerCase().startsWith(label);
  const behind = ink.slice(label.length);
  return isLabelled && /^[ \t]*[:\n]/.test(behind) ? behind.replace(/^[\s:]+/, '') : ink;
}

/** The label is a token by itself; to wait for its single letters would hold back every "a". */
function mayBeLabel(text: string): boolean {
  return text.trim().toLowerCase() === label;
}
