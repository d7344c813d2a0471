/**
 * Recognises "too long" in every server's words, with the numbers that the error names. Servers share no code, status or sentence for it, so
 * the sentence is matched for its statement: that something is longer than there is room for. A rate of tokens per minute, a text with too
 * many characters and a limit that is too low are different errors.
 */
import type { TokenCounts } from '../../../shared/errors.ts';
import type { ServerWords } from './server-words.ts';

export interface TokenLimit extends TokenCounts {
  /** The largest `max_tokens` the server accepts, when it says that `max_tokens` was too large. */
  readonly maxCompletionTokens: number | null;
  /** `max_tokens` was too large, not the prompt. */
  readonly isCompletion: boolean;
}

const names = /context[_ -]?(?:length|window|size|overflow)|max_prompt_tokens_exceeded|prompt_too_long|input_too_long/;

/** A sentence that gives the context size in tokens counts, whatever unit it counts the prompt in. */
const toldRoom = /ContextWindowExceeded|context_length_exceeded|\bcontext (?:length|window|size) (?:is|of) (?:only )?\d+ tokens/i;

/** Sentences about something else that is too long or too much. */
const otherLimit =
  /per (?:min|hour|day|sec)|\b(?:tpm|rpm|tpd)\b|rate.?limit|(?:string|array|name|header|url|uri|body|payload|file) (?:is )?too (?:long|large|big)|too many (?:images|tools|messages|stop|requests)|characters|\b(?:bytes|megabytes?|[km]i?b)\b/i;

const room =
  /context[ _-]?(?:length|window|size|limit|overflow)|max_(?:model|input)_len|max[_ ]?seq(?:uence)?_?len|max_(?:num|total)_tokens|(?:max(?:imum)?|model'?s?) (?:allowed )?(?:model|sequence|prompt|input|context) (?:length|tokens)|\bn_ctx\b|session_len/i;
const excess =
  /exce+d|overflow|too (?:long|large|big|many)|(?:longer|larger|greater|bigger|more|higher) than|beyond|must (?:be|have) (?:<|less|at most|no more|smaller)|<=|maximum|\bonly\b|not enough|reached|however|surpass/i;

/** Each is enough by itself. */
const sentences: readonly RegExp[] = [
  /\b(?:prompt|inputs?|messages|conversation|sequence|prompt tokens)\b[^.;]{0,30}\btoo (?:long|large|big)\b/i,
  /\btoo many (?:input |prompt )?tokens\b/i,
  /\b(?:prompt|inputs?|request|messages|requested|total|sum)\b[^.;]{0,80}\btokens?(?: \w+)?\b[^.;]{0,80}(?:exce+d|too (?:many|large|long)|(?:longer|larger|greater|more) than|> ?\d|<= ?\d|must be less|supports? (?:only )?up to)/i,
  /\b(?:prompt|inputs?|request)\W{0,3}(?:must have|has|have|contains?|must be)\b[^.;]{0,40}(?:less|fewer|more|at most)\b[^.;]{0,30}\btokens\b/i,
  /exce+d\w*[^.;]{0,40}\b(?:token limit|max(?:imum)?[ _]tokens?|number of tokens)|\btoken limit[^.;]{0,20}exce+d/i,
  /\b(?:prompt|inputs?|query|length of (?:the |all )?messages)\b[^.;]{0,50}(?:exce+ds?|longer than|larger than|greater than|beyond)[^.;]{0,40}\b(?:max\w*|limit|length|allowed)/i,
  /\breduce the length of (?:the |your )?(?:input |prompt|messages|completion)/i,
  /\brange of input length\b/i,
];

const completionName = String.raw`\bmax[_ ]?(?:completion_|new_|output_)?tokens\b|\bmaxOutputTokens\b|\b(?:output|completion) tokens\b`;
/** About the answer's length alone, and only about an upper limit: "must be at least 1" does not count. */
const completionExcess = new RegExp(
  String.raw`(?:${completionName})[^;]{0,60}?(?:too (?:large|big|high|many)|(?:can ?not|can't|must not|should not) (?:be (?:greater|larger|more|higher)|exceed)|exce+ds?|must be (?:<=?|less than|at most|smaller|no more)|(?:in|range)[^;]{0,25}[[(]\d|at most|> ?\d)|supports? at most \d+ (?:completion|output) tokens`,
  'i',
);
/** The prompt is part of what was too long. */
const promptPart = /\binputs?\b|\bprompt\b|in the messages|\bmessages\b/i;

/** A number of characters is not a number of tokens. */
const number = String.raw`[(~\s=:]{0,3}(\d{1,9})(?!\d| characters)`;
const pattern = (source: string): RegExp => new RegExp(source.replaceAll('#', number), 'i');

/** The first that matches names the number. */
const contextPatterns = [
  'max_(?:model_len|seq_len|input_len|num_tokens|total_tokens|length)(?: of| is)?#',
  'context (?:length|window|size)(?: of)?(?: this model)?(?: is)?(?: only)?(?: of)?(?: up to)?#',
  'context[ _](?:length|size|window|limit)[^.;]{0,50}?[(]\\d{1,9} ?[+] ?\\d{1,9} ?>#',
  'context limit: \\d{1,9} [+] \\d{1,9} >#',
  'max(?:imum)? (?:model|sequence|input|prompt|allowed|context)(?: sequence| token)? (?:length|tokens|limit)(?: of| is)?#',
  'max(?:imum)? (?:number of )?(?:input )?tokens (?:allowed|supported|for \\S+)?(?: of| is)?#',
  'model with (\\d{1,9}) maximum context',
  'tokens > (\\d{1,9}) max',
  '(?:limit|up to)(?: of| is)?#',
  'max_new_tokens`? must be (?:<=|less than)#',
  'must (?:be|have) (?:<=|less than|fewer than|at most)#',
  'can ?not exceed#',
  'range of input length should be \\[\\d{1,9}, ?(\\d{1,9})',
].map(pattern);

const promptPatterns = [
  'request contains#',
  'prompt contains(?: at least)?#',
  '(?<!upper bound for ?\\d{0,9})# (?:input|prompt|of text input) tokens',
  '# (?:tokens )?(?:in|from) the (?:messages|input messages|prompt)',
  'messages resulted in(?: over)?#',
  'prompt is too long#',
  '(?<!max(?:imum)? )(?:prompt|input)(?: token)?s?(?: length| count| size| [(]length)?(?: of| is)?#',
  'context limit#',
  'given# `?inputs`? tokens',
  'given#',
  'request#',
  'length of prompt_tokens#',
  'requested:#',
  '(?:keep the first|received|current length is|number of tokens|requested about|requested tokens|passed)#',
].map(pattern);

const completionPatterns = [
  '# output tokens',
  '# (?:tokens )?(?:in|for) the completion',
  '# `?max_new_tokens`?',
  '\\d{1,9} [+]# >',
  'max_(?:completion_)?tokens[\'"]?(?: is too large)?#',
].map(pattern);

const completionLimitPatterns = [
  'supports? at most#',
  '(?:can ?not|must not) (?:be (?:greater|larger|more) than|exceed)#',
  'must be (?:<=?|less than(?: or equal to)?|at most|no more than)\\W{0,3}#',
  '[[(]\\d{1,9}, ?(\\d{1,9})',
  '> (\\d{1,9}),? which',
].map(pattern);

/** What the error says about lengths; null when it is about something else. */
export function readTokenLimit(words: ServerWords): TokenLimit | null {
  const text = words.message
    .slice(0, 2000)
    .replaceAll(/(?<=\d)[,_](?=\d{3}\b)/g, '')
    .replaceAll(/[`*]/g, '')
    .replace(/^input validation error: /i, '');
  const isNamed = words.names.some((name) => names.test(name)) || toldRoom.test(text);
  if (!isNamed && otherLimit.test(text)) return null;
  const isCompletion = completionExcess.test(text) || (words.param?.startsWith('max_') === true && excess.test(text));
  const saysRoom = isNamed || (room.test(text) && excess.test(text)) || sentences.some((sentence) => sentence.test(text));
  if (!isCompletion && !saysRoom) return null;
  const contextTokens = saysRoom ? (words.contextTokens ?? first(contextPatterns, text)) : null;
  const promptTokens = saysRoom ? (words.promptTokens ?? first(promptPatterns, text)) : null;
  const fits = contextTokens !== null && promptTokens !== null && promptTokens < contextTokens;
  const isPromptPart = promptTokens !== null || promptPart.test(text);
  return {
    contextTokens,
    promptTokens,
    completionTokens: first(completionPatterns, text),
    maxCompletionTokens: isCompletion && !isPromptPart ? first(completionLimitPatterns, text) : null,
    isCompletion: isCompletion && (fits || !isPromptPart),
  };
}

/** Zero and no match are both null: no server means 0 as a size. */
function first(patterns: readonly RegExp[], text: string): number | null {
  for (const one of patterns) {
    const found = Number(one.exec(text)?.[1] ?? 0);
    if (found > 0) return found;
  }
  return null;
}
