/**
 * Separates what a user turn asks from the material it carries (log lines, stack frames, table rows, code, long passages) and from what
 * only surrounds it (courtesy, roles, lead-ins, wishes about the answer's form).
 */
import { focusOf } from './focus.ts';
import { saysNothing, stripFrame } from './frame.ts';
import { fileLines, type LineKind } from './lines.ts';
import { dropRepeats } from './repeats.ts';

export interface Ask {
  /** The request in the user's own words; long passages are cut to a few words of their beginning and end. */
  readonly ask: string;
  /** The same with more of the passage, for how hard the passage makes it; the same string where there is none. */
  readonly beside: string;
  /** Fenced code and lines that look like code, cut after `maxCodeChars`. */
  readonly code: string;
  readonly codeLines: number;
  readonly codeFences: number;
  readonly logLines: number;
  readonly stackLines: number;
  readonly rowLines: number;
  readonly listItems: number;
  /** Lettered ones among them. */
  readonly options: number;
  /** Characters of running text left out of `ask`. */
  readonly passageChars: number;
}

const maxCodeChars = 4096;
/** Fewer log lines than this are a quotation that the request is about, not material. */
const minLogLines = 3;

/** Splits one user turn (already sampled, at most 16 Ki characters). Linear. */
export function splitAsk(text: string): Ask {
  const lines = fileLines(stripFrame(text));
  const { texts, kinds, codeFences } = lines;
  const counts: Record<LineKind, number> = { ask: 0, log: 0, frame: 0, row: 0, code: 0 };
  for (const kind of kinds) counts[kind] += 1;
  const isLogPaste = counts.log >= minLogLines;
  const isTable = counts.row >= minLogLines;
  const isCode = codeFences > 0 || counts.code >= 2;
  const isMaterial = { ask: false, log: isLogPaste, frame: true, row: isTable, code: isCode };
  const hasMaterial = kinds.some((kind) => isMaterial[kind]);
  const said = hasMaterial ? texts.filter((_, at) => !isMaterial[kinds[at] ?? 'ask']).join('\n') : texts.join('\n');
  const running = hasMaterial ? runningOf(said) : said.trim();
  const focus = focusOf(running === '' ? texts.join('\n').trim() : running);
  const ask = dropRepeats(focus.ask);
  return {
    ask,
    beside: focus.beside === focus.ask ? ask : dropRepeats(focus.beside),
    code: isCode
      ? texts
          .filter((_, at) => kinds[at] === 'code')
          .join('\n')
          .slice(0, maxCodeChars)
      : '',
    codeLines: isCode ? counts.code : 0,
    codeFences,
    logLines: isLogPaste ? counts.log : 0,
    stackLines: counts.frame,
    rowLines: isTable ? counts.row : 0,
    listItems: lines.listItems,
    options: lines.options,
    passageChars: Math.max(0, running.length - (running === '' ? 0 : ask.length)),
  };
}

/** The text beside the material, without its frame; empty when it is all frame, and then the material is the request. */
function runningOf(said: string): string {
  const running = stripFrame(said);
  return saysNothing(running) ? '' : running;
}
