/** Cuts a long running text down to what is asked and a sample of what it is asked about. */

/** Running text up to this long is read whole. */
const maxPlainChars = 600;
/** A first or last paragraph up to this long may be the question. */
const maxQuestionChars = 400;
/** Less text than this beside the questions does not count as a passage. */
const minPassageChars = 600;
/** Running text without a question at either end is cut to its beginning and end when it is longer than this. */
const whole = { most: 1600, head: 500, tail: 700 } as const;
/** How much of a passage is read beside the question about it: enough to give it context. */
const glimpse = { most: 160, head: 60, tail: 100 } as const;
/** The same for how hard the passage makes the question. */
const sample = { most: 500, head: 200, tail: 300 } as const;

export interface Focus {
  readonly ask: string;
  /** With more of the passage; the same as `ask` where there is none. */
  readonly beside: string;
}

/**
 * Returns a short text unchanged. For a longer one, the paragraphs at its ends that ask something are moved last, where a question usually
 * stands, after a sample of the rest; without such paragraphs, its beginning and end are returned.
 */
export function focusOf(running: string): Focus {
  if (running.length <= maxPlainChars) return { ask: running, beside: running };
  const firstEnd = paragraphEnd(running);
  const lastStart = paragraphStart(running);
  const first = firstEnd > 0 && asks(running.slice(0, firstEnd)) ? running.slice(0, firstEnd) : '';
  const last = lastStart > firstEnd && asks(running.slice(lastStart)) ? running.slice(lastStart) : '';
  const passage = running.slice(first.length, running.length - last.length).trim();
  // A text that also asks in its middle is not a passage.
  if (first + last === '' || passage.length < minPassageChars || asksWithin(passage)) {
    const ends = cutMiddle(running, whole);
    return { ask: ends, beside: ends };
  }
  const after = (material: string): string => [material, first.trim(), last.trim()].filter((part) => part !== '').join('\n\n');
  return { ask: after(cutMiddle(passage, glimpse)), beside: after(cutMiddle(passage, sample)) };
}

/** Where the first paragraph ends, or the first line if the paragraph is long; 0 when the line is long as well. */
function paragraphEnd(text: string): number {
  const blank = text.indexOf('\n\n');
  if (blank > 0 && blank <= maxQuestionChars) return blank;
  const newline = text.indexOf('\n');
  return newline > 0 && newline <= maxQuestionChars ? newline : 0;
}

function paragraphStart(text: string): number {
  const blank = text.lastIndexOf('\n\n');
  if (blank > 0 && text.length - blank <= maxQuestionChars) return blank;
  const newline = text.lastIndexOf('\n');
  return newline > 0 && text.length - newline <= maxQuestionChars ? newline : 0;
}

/** A question mark, or a first word that is a command, in the languages most requests use. */
function asks(paragraph: string): boolean {
  return /[?？؟]/.test(paragraph) || demand.test(paragraph);
}

/** A passage may contain this many characters per question or command, because it may quote people. */
const charsPerQuestion = 1500;

function asksWithin(passage: string): boolean {
  let questions = 0;
  for (let at = passage.search(/[?？؟]/); at >= 0; at = passage.indexOf('?', at + 1)) questions += 1;
  return questions * charsPerQuestion > passage.length || demand.test(passage);
}

const demand =
  /^(?:\W|\d{1,2}[.)] ){0,4}(?:please |can you |could you |bitte |por favor,? |请|請)?(?:analy[sz]e|answer|argue|assess|build|calculate|categori[sz]e|check|classify|compare|compute|convert|correct|count|create|critique|debug|decide|derive|describe|design|determine|develop|diagnose|discuss|draft|draw|estimate|evaluate|explain|extract|find|fix|generate|give|how|identify|implement|improve|interpret|is|are|does|do|label|list|make|name|optimi[sz]e|outline|paraphrase|plan|predict|prepare|proofread|propose|prove|provide|rank|rate|refactor|reformat|rephrase|review|rewrite|shorten|show|simplify|solve|sort|suggest|summari[sz]e|tell|transform|translate|turn|using|verify|what|when|where|which|who|why|write|fasse|übersetze|erkläre|schreibe|nenne|finde|berechne|beweise|wie|was|wer|warum|résume[zr]?|traduis|traduisez|explique|écris|écrivez|trouve[zr]?|quel|quelle|resume|traduce|explica|escribe|encuentra|cuál|qué|traduza|escreva|encontre|qual|переведи|объясни|напиши|найди|докажи|翻译|总结|解释|写|分析|証明|要約|翻訳|説明)(?![\p{L}])/iu;

interface Cut {
  readonly most: number;
  readonly head: number;
  readonly tail: number;
}

/** Beginning and end of a longer text, cut at a space where one is near. */
function cutMiddle(text: string, { most, head, tail }: Cut): string {
  if (text.length <= most) return text;
  const headEnd = text.indexOf(' ', head);
  const tailStart = text.lastIndexOf(' ', text.length - tail);
  const from = headEnd < 0 || headEnd > head + 80 ? head : headEnd;
  const to = tailStart < text.length - tail - 80 ? text.length - tail : tailStart;
  return `${text.slice(0, from)}\n${text.slice(to)}`;
}
