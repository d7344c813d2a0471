/** Whether a request asks for the repetition that its answer has: such an answer is not cut. Read only once an answer repeats itself. */
import type { InnerRequest } from '../request/inner-request.ts';
import type { Repetition } from '../text/repetition.ts';

/** "Repeat", or as good as that, in the languages of the keyword lists. */
const repeatWords =
  /\b(?:repeat|repeating|repeatedly|repetition|over and over|again and again|in a row|non-?stop|endless(?:ly)?|forever|spam|wiederhol\w*|immer wieder|répét\w*|répète\w*|repite|repet[ie]\w*|repit\w*|ripet\w*|herhaal\w*|powt[óo]rz\w*|tekrarla\w*|upprepa\w*)|повтор|重复|重複|繰り返|くり返|반복|كرر|दोहरा/iu;

/** "200 times", "500 zeros", "a hundred copies", "20 by 20". Amounts of words, lines or items are of most requests, and ask for none. */
const amounts =
  /(?:\d{2,}|\d,\d{3}|\b(?:hundred|thousand|million|hundert|tausend|cent|mille|cien|mil|cem|сто|тысяч)\w*)\s*-?\s*(?:(?:identical|same|equal)\b|(?:times|x|copies|rows|columns|digits|decimals?|decimal places|places|zero(?:e?s)?|ones|nines|bytes|spaces|mal|stellen|nullen|fois|zéros|veces|ceros|vezes|volte|раз|нулей)(?![\p{L}\d])|次|回|번|遍)|\d\s*(?:x|×|by)\s*\d/iu;

/** So much of it in the request is no accident: tables and rules of dashes are in many. */
const leastEchoChars = 64;
const leastEchoCopies = 3;

/**
 * By the last user turn's words, or because the repeated passage stands repeated in what the model was given, as it does in a file to edit.
 * Its own earlier answers do not count: one that ran away would excuse the next.
 *
 * @param lastTurn text of the last user turn
 */
export function asksForRepetition(
  { messages }: Pick<InnerRequest, 'messages'>,
  lastTurn: string,
  { cycle }: Repetition,
): boolean {
  if (repeatWords.test(lastTurn) || amounts.test(lastTurn)) return true;
  const wanted = escaped(cycle.repeat(Math.max(leastEchoCopies, Math.ceil(leastEchoChars / cycle.length))));
  return messages.some(({ role, content }) => role !== 'assistant' && JSON.stringify(content ?? '').includes(wanted));
}

/** As it stands inside a JSON string, so that text parts need no reading. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
