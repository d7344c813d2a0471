/** Removes the marks that quote a whole text: fences, tags, block quotes, quotation marks, special tokens of chat templates, rules. */

import { lineKindOf } from './lines.ts';

/** `text` trimmed and without the marks that enclose all of it. */
export function unwrap(text: string): string {
  let rest = text.trim();
  for (let round = 0; round < 6; round += 1) {
    const inner = unwrapOnce(rest);
    if (inner.length === rest.length) return rest;
    rest = inner.trim();
  }
  return rest;
}

/** What coding agents put into a user turn beside what the user wrote. */
const injectedTags = ['system-reminder', 'environment_details'] as const;
const specialStart = /^(?:<\|[a-z_]{1,30}\|>(?:(?:user|system|human)\n)?|\[\/?(?:INST|SYS)\]|<<\/?SYS>>|<\/?s>)/i;
const specialEnd = /(?:<\|[a-z_]{1,30}\|>|\[\/?(?:INST|SYS)\]|<<\/?SYS>>|<\/?s>)$/i;
/** Lines of signs alone: rules, brackets, quotes. */
const ruleStart = /^[^\p{L}\p{N}\n`~]{1,80}\n/u;
const ruleEnd = /\n[^\p{L}\p{N}\n`~]{1,80}$/u;
const openTag = /^<([A-Za-z][\w:-]{0,40})(?: [^<>\n]{0,80})?>/;
/** Fences of these name no programming language. */
const proseFence = /^(`{3,}|~{3,})[ \t]*(?:text|txt|plain|plaintext|markdown|md|prompt|question)?[ \t]*\n/i;
const pairs: readonly (readonly [string, string])[] = [
  ['"""', '"""'],
  ["'''", "'''"],
  ['**', '**'],
  ['__', '__'],
  ['"', '"'],
  ['“', '”'],
  ['„', '“'],
  ['«', '»'],
  ['「', '」'],
  ['『', '』'],
  ['`', '`'],
  ["'", "'"],
  ['*', '*'],
  ['_', '_'],
];

function unwrapOnce(text: string): string {
  const first = text.charCodeAt(0);
  // Nearly every text begins with a letter, so only its end needs a look.
  const isPlainStart = (first >= 65 && first <= 90) || (first >= 97 && first <= 122);
  let rest = text;
  for (const tag of injectedTags) rest = without(rest, `<${tag}>`, `</${tag}>`);
  if (!isPlainStart) rest = unwrapStart(rest);
  if (isMarkEnd(rest.charCodeAt(rest.length - 1))) rest = rest.replace(specialEnd, '').replace(ruleEnd, '');
  return rest;
}

/** `text` without what stands between two marks, marks included. */
function without(text: string, open: string, close: string): string {
  let from = text.indexOf(open);
  if (from < 0) return text;
  let rest = '';
  let done = 0;
  for (let to = text.indexOf(close, from); from >= 0 && to >= 0; to = from < 0 ? -1 : text.indexOf(close, from)) {
    rest += text.slice(done, from);
    done = to + close.length;
    from = text.indexOf(open, done);
  }
  return (rest + text.slice(done)).trim();
}

function isMarkEnd(code: number): boolean {
  return !((code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 46 || code === 63 || code > 0x2fff);
}

function unwrapStart(text: string): string {
  if (text.startsWith('>')) return unquote(text);
  let rest = text.replace(specialStart, '').replace(ruleStart, '');
  if (rest.length < text.length) return rest;
  if (rest.startsWith('<')) rest = untag(rest);
  if (rest.startsWith('```') || rest.startsWith('~~~')) return unfence(rest);
  for (const [open, close] of pairs) {
    if (!rest.startsWith(open)) continue;
    const inner = rest.slice(open.length, -close.length);
    const isPair = rest.length > open.length + close.length && rest.endsWith(close) && !inner.includes(open);
    return isPair ? inner : rest;
  }
  const item = /^(?:(?:1[.)]|[-*•]) +)+/.exec(rest);
  if (item !== null && !/\n\s{0,8}(?:2[.)]|[-*•]) /.test(rest)) return rest.slice(item[0].length);
  return rest;
}

/** Without the sign that every line of a block quote begins with. */
function unquote(text: string): string {
  const lines = text.split('\n');
  if (!lines.every((line) => line.startsWith('>') || line.trim() === '')) return text;
  return lines.map((line) => line.replace(/^(?:> ?)+/, '')).join('\n');
}

function untag(text: string): string {
  const tag = openTag.exec(text);
  if (tag === null) return text;
  const close = `</${tag[1] ?? ''}>`;
  return text.endsWith(close) ? text.slice(tag[0].length, -close.length) : text;
}

/** A fence around everything that begins with words, unless it names a programming language. */
function unfence(text: string): string {
  const open = proseFence.exec(text);
  if (open === null) return text;
  const mark = open[1] ?? '';
  const inner = text.slice(open[0].length);
  const at = inner.indexOf(`\n${mark}`);
  const isAround = at >= 0 && at + 1 + mark.length === inner.length;
  return isAround && isProseStart(inner) ? inner.slice(0, at) : text;
}

/** A fence of fewer words may be a command. */
const minProseWords = 3;

function isProseStart(text: string): boolean {
  const end = text.indexOf('\n');
  const line = end < 0 ? text : text.slice(0, end);
  return lineKindOf(line) === 'ask' && (line.match(/\p{L}{2,}/gu)?.length ?? 0) >= minProseWords;
}
