/**
 * Removes what surrounds a request without being part of it: courtesy, roles, lead-ins, wishes about the answer's form, headings and
 * labels, and the marks that quote it. Works sentence by sentence from both ends, up to the first one that says something.
 */
import { stripCourtesy } from './courtesy.ts';
import { isGeneric } from './frame-words.ts';
import { unwrap } from './marks.ts';

/** A longer sentence never counts as frame. */
const maxSentenceChars = 320;
const maxRounds = 12;

/** `text` without its frame. A text that is all frame keeps one sentence. */
export function stripFrame(text: string): string {
  let rest = unwrap(text);
  const state = { hadRole: false };
  for (let round = 0; round < maxRounds; round += 1) {
    const before = rest;
    rest = unwrap(dropTail(dropHead(rest, state)));
    if (rest.length === before.length) break;
  }
  return stripCourtesy(rest);
}

function isSentenceEnd(code: number): boolean {
  return code === 46 || code === 33 || code === 63 || code === 10;
}

/** Signs that end a sentence without a following space. */
function isWideEnd(code: number): boolean {
  return code === 0x3002 || code === 0xff01 || code === 0xff1f || code === 0xff1a || code === 0x964;
}

/** Quotation marks, brackets and stars that may close behind the end of a sentence. */
function isClosing(code: number): boolean {
  return code === 34 || code === 39 || code === 41 || code === 42 || code === 93 || code === 95 || code === 0x201d;
}

const COLON = 58;
const NEWLINE = 10;

/** Index behind the first sentence, label or line; 0 when none ends soon enough. */
function firstEnd(text: string): number {
  const to = Math.min(text.length, maxSentenceChars);
  for (let at = 0; at < to; at += 1) {
    const code = text.charCodeAt(at);
    if (isWideEnd(code) || code === NEWLINE) return at + 1;
    if (isSentenceEnd(code) || code === COLON) {
      let end = at + 1;
      while (end < to && isClosing(text.charCodeAt(end))) end += 1;
      if (end === text.length || text.charCodeAt(end) <= 32) return end;
    }
  }
  return text.length <= maxSentenceChars ? text.length : 0;
}

/** Where the last sentence or line begins; the length of the text when it began too far back. */
function lastStart(text: string): number {
  let end = text.length;
  while (end > 0 && !isWordUnit(text.charCodeAt(end - 1))) end -= 1;
  const from = Math.max(0, end - maxSentenceChars);
  for (let at = end - 1; at >= from; at -= 1) {
    const code = text.charCodeAt(at);
    if (isWideEnd(code) || code === NEWLINE) return at + 1;
    if (isSentenceEnd(code) && text.charCodeAt(at + 1) <= 32) return at + 1;
  }
  return from === 0 ? 0 : text.length;
}

function isWordUnit(code: number): boolean {
  return (
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || (code >= 0xc0 && !isWideEnd(code))
  );
}

function dropHead(text: string, state: { hadRole: boolean }): string {
  let rest = text;
  for (let end = firstEnd(rest); end > 0; end = firstEnd(rest)) {
    // Fences are handled by the line reader (lines.ts).
    if (rest.startsWith('```')) return rest;
    const sentence = rest.slice(0, end);
    const isRole = role.test(sentence) && !carriesDemand.test(sentence);
    if (isRole) state.hadRole = true;
    if (!isRole && !(state.hadRole && manner.test(sentence)) && !saysNothing(sentence)) break;
    const behind = rest.slice(end).trimStart();
    if (behind === '') return rest;
    rest = behind;
  }
  const persona = asPersona.exec(rest);
  return persona === null ? rest : rest.slice(persona[0].length);
}

function dropTail(text: string): string {
  let rest = text;
  for (let start = lastStart(rest); start < rest.length; start = lastStart(rest)) {
    if (rest.endsWith('```')) return rest;
    const sentence = rest.slice(start);
    const from = saysNothing(sentence) ? 0 : unseparated(sentence);
    const before = rest.slice(0, start + from).trimEnd();
    if (from < 0 || before === '') break;
    rest = before;
  }
  const signed = signature.exec(rest.slice(-maxSignatureChars)) ?? aside.exec(rest.slice(-maxSignatureChars));
  return signed === null ? rest : rest.slice(0, rest.length - signed[0].length).trimEnd();
}

/** A sentence that starts with a capital right after other words, because its writer left out the full stop. */
const inlineStart = /(?<=[\p{Ll}\p{N}"'’”)\]/] )\p{Lu}\p{Ll}*['’]?\p{Ll}* \p{Ll}/gu;
const minInlineWords = 3;

/** Where a closing frame sentence begins that no punctuation separates from what is asked; -1 without one. */
function unseparated(sentence: string): number {
  for (const { index } of sentence.matchAll(inlineStart)) {
    if (isGeneric(sentence.slice(index), minInlineWords)) return index;
  }
  return -1;
}

/** Whether a text is nothing but frame. */
export function saysNothing(sentence: string): boolean {
  return unspaced.test(sentence) ? unspacedFrame.test(sentence) : isGeneric(sentence);
}

/** Opens a sentence that gives the model a role. */
const role =
  /^\W{0,6}(?:from now on,? |in this (?:chat|conversation),? |please,? |(?:i want|i need|i would like|i'd like|i’d like) you to |let'?s (?:pretend|imagine) (?:that )?|imagine (?:that )?)?(?:act(?:ing)? (?:as|like) |behave (?:as|like) |(?:you are|you're|you’re|you will be|be) (?:now )?(?:an? |the |my |our |one of |chatgpt|gpt|the world|\p{L}+, (?:an?|the|my|our) )|pretend (?:to be|that you are|that you're|you are|you're) |(?:take on|assume|adopt|play) the (?:role|persona|part) |your (?:role|persona|name) is |role: ?\w|du bist (?:ein|mein|der|die)|sie sind (?:ein|der)|agiere als |handle als |tu es (?:une? |mon )|vous êtes (?:une? |mon )|agis(?:sez)? comme |comporte-toi comme |eres (?:una? |mi )|actúa como |usted es una? |você é uma? |aja como |atue como |sei una? |agisci come |ты [—–-] |вы [—–-] |представь,? что ты |действуй как |你是(?:一|我|个)|您是(?:一|我|个)|假设你是|请?扮演|あなたは[^。\n]{1,60}です)/iu;
/** A role and a task in one sentence: the task counts. */
const carriesDemand =
  /\?|(?:,| and| to| then)\s(?:please )?(?:write|create|make|build|design|explain|give|generate|develop|analy[sz]e|review|translate|rewrite|summari[sz]e|compare|find|plan|prove|calculate|compute|propose|suggest|draft|describe|list|tell me|help me (?!with (?:this|that|the following))|schreib|erklär|écri|escrib|напиши)/iu;
/** How the model should behave once it has a role; or a bare date. */
const manner =
  /^\W{0,6}(?:you (?:always|never|have (?:\d|deep|extensive|many|years|a )|are (?!tasked|assigned|asked|given|required|supposed|going|trying|working|to )|provide|answer|follow|speak|talk|know|excel|speciali[sz]e|love|like|enjoy)|your (?:answers?|responses?|replies|output|tone|style|knowledge|expertise|personality)\b|always |never |if you (?:do not|don't|don’t|are not|aren't|can't|cannot)|knowledge cut-?off|current date|[\d\s.:/-]+$)/iu;
/** `As a tax adviser, …` */
const asPersona = /^\W{0,6}as an? [^.,:;!?\n]{3,120}, (?=\S)/iu;
/** A closing line and a name, or a name behind a dash. */
const signature =
  /\n\s*(?:(?:best|kind|warm|many|with|yours|kindest|sincerely|regards|thanks|thank you|cheers|love|mit|viele|liebe|beste|freundliche|cordialement|bien|saludos|un saludo|atentamente|atenciosamente|abraços|cordiali|с уважением)[^\n]{0,40}\n\s*[^\n?]{2,40}|[-–—~] ?\p{Lu}\p{L}+(?: \p{Lu}\p{L}*\.?){0,2})\s*$/iu;

/** What stands under the line that mail programs put before a signature, or in a postscript. */
const aside = /\n\s*(?:-- ?\n[^?]{2,200}|p\.? ?s\.?:? [^\n?]{2,160})$/iu;
const maxSignatureChars = 220;

const unspaced = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]/;
/** Nothing but courtesy and lead-ins of Chinese, Japanese and Korean. */
const unspacedFrame =
  /^(?:请|請|您好|你好|大家好|谢谢|謝謝|非常|十分|感谢|感謝|多谢|您|你|大家|了|的|吗|麻烦|麻煩|帮我|帮忙|帮助|幫我|我|一下|能否|能不能|可以|可否|回答|解答|解决|解決|看看|处理|以下|下面|下列|如下|上面|上述|这个|這個|这道|那个|问题|問題|题目|题|任务|答案|回复|输出|以|用|中文|英文|格式|一步一步|逐步|地|思考|提前|先|こんにちは|こんばんは|はじめまして|お願い|おねがい|よろしく|いたします|致します|します|ください|下さい|です|ます|ありがとう|ございます|ございました|どうぞ|次|以下|の|に|を|は|が|で|質問|問題|答え|答えて|回答して|解いて|教えて|日本語|안녕하세요|감사합니다|고맙습니다|고마워요?|부탁드립니다|부탁드려요|부탁해요?|미리|정말|다음|이|질문|문제|에|를|을|답해|답변해|풀어|도와|주세요|줘|한국어로|json|markdown|[\s\p{P}\p{S}])+$/iu;
