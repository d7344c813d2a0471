/** The kind of answer that a user text asks for, and how long such answers usually are. Only shapes answers. */
import type { Random } from './random.ts';
import { logNormal } from './random.ts';

export type RequestKind = 'greeting' | 'code' | 'reasoning' | 'list' | 'writing' | 'summary' | 'tool_result' | 'question';

/** Medians and spreads in tokens. Assumed: the order of the kinds is what matters, not the figures. */
const LENGTHS: Record<RequestKind, { readonly median: number; readonly spread: number }> = {
  greeting: { median: 12, spread: 0.3 },
  question: { median: 70, spread: 0.5 },
  tool_result: { median: 50, spread: 0.4 },
  summary: { median: 100, spread: 0.4 },
  list: { median: 130, spread: 0.4 },
  writing: { median: 240, spread: 0.4 },
  code: { median: 260, spread: 0.5 },
  reasoning: { median: 340, spread: 0.4 },
};
const MAX_TARGET_TOKENS = 1500;

const SIGNS: readonly (readonly [RequestKind, RegExp])[] = [
  [
    'code',
    /```|\b(code|function|script|implement|refactor|debug|python|typescript|javascript|rust|sql|regex|unit tests?|compile)\b/i,
  ],
  ['reasoning', /\b(prove|proof|derive|step by step|calculate|solve|theorem|trade-?offs?|analy[sz]e|reason|why does|compare)\b/i],
  ['summary', /\b(summari[sz]e|summary|tl;?dr|shorten|key points)\b/i],
  ['list', /\b(list|ideas|examples|steps|options|ways to|top \d+)\b/i],
  ['writing', /\b(write|story|essay|poem|draft|e-?mail|article|letter|blog)\b/i],
];

export function requestKind(userText: string, lastRole: string, role: string): RequestKind {
  if (lastRole === 'tool') return 'tool_result';
  const text = userText.slice(0, 8000);
  if (text.length < 40 && /^\W*(hi|hello|hey|good (morning|day|evening)|thanks|thank you|bonjour|hola|yo)\b/i.test(text))
    return 'greeting';
  const sign = SIGNS.find(([, pattern]) => pattern.test(text));
  if (sign) return sign[0];
  if (role === 'coder') return 'code';
  return role === 'reasoner' ? 'reasoning' : 'question';
}

/** How many tokens this answer aims at. */
export function targetTokens(random: Random, kind: RequestKind): number {
  const { median, spread } = LENGTHS[kind];
  return Math.max(3, Math.min(MAX_TARGET_TOKENS, Math.round(logNormal(random, median, spread))));
}
