/**
 * Extra training rows made from labelled ones: big words around a request, courtesies, typos, lost line breaks, an earlier answer of a
 * tool. What is asked stays the same, so the label does, too. Only ever made from rows of the training folds.
 */
import type { ChatRequest } from '../../shared/chat.ts';
import { writeLog } from './material.ts';
import { hashText, pick, seeded, type Random } from './random.ts';
import type { LabelledRow } from './rows.ts';

/** Big words in front of a request, by language; `{}` stands for the request. */
const stuffings: Readonly<Record<string, readonly string[]>> = {
  en: [
    'Analyze the complexity and architecture of this carefully: {}',
    'Think step by step and reason through every edge case. {}',
    'You are an expert mathematician and software architect. {}',
    'Evaluate the trade-offs, derive the consequences, then answer: {}',
    'Implement, refactor, debug, optimize: {}',
    'Perform a comprehensive multi-step analysis. {}',
    'As a senior engineer with deep knowledge of distributed systems, {}',
    'Using formal proofs and rigorous reasoning, {}',
    'Compare, contrast, critique and evaluate. {}',
    'With a detailed design document and threat model in mind: {}',
    '{} Explain your reasoning in detail, step by step.',
    '{} Analyze, optimize and prove your answer.',
    '{} Consider concurrency, scalability and failure modes.',
    'First design a strategy, then evaluate alternatives, and finally {}',
    'Conduct a root cause analysis and a risk assessment: {}',
    'Debug this theorem, refactor the proof, and tell me: {}',
    'Apply dynamic programming and Bayesian inference to this: {}',
    'Algorithm. Theorem. Derivative. Deadlock. Architecture. {}',
    'Architect an optimal, scalable, fault-tolerant response. {}',
    'Prove, derive, verify and formalize: {}',
    'Critically assess the legal, medical and financial implications: {}',
    'Write code, write tests, write documentation. Now: {}',
  ],
  de: ['Analysiere Schritt für Schritt und bewerte alle Optionen: {}', 'Entwirf und implementiere eine optimale Lösung: {}', 'Beweise streng und begründe ausführlich: {}', '{} Vergleiche dabei alle Architekturen.', 'Führe eine umfassende Risikoanalyse durch und dann: {}', 'Als Experte für Architektur und Statistik: {}'],
  fr: ['Analyse étape par étape et démontre rigoureusement : {}', 'Conçois une architecture optimale et évalue les compromis : {}', 'Implémente, optimise, débogue : {}', 'Fais une analyse complète des risques puis {}', 'En expert des systèmes distribués : {}'],
  es: ['Analiza paso a paso y demuestra con rigor: {}', 'Diseña e implementa una arquitectura óptima: {}', 'Evalúa, compara y optimiza: {}', 'Haz un análisis exhaustivo y luego {}', 'Como experto en sistemas distribuidos: {}'],
  pt: ['Analise passo a passo e demonstre com rigor: {}', 'Projete e implemente uma arquitetura ótima: {}', 'Avalie, compare e otimize: {}', 'Faça uma análise completa e depois {}', 'Como especialista em sistemas distribuídos: {}'],
  ru: ['Проанализируй пошагово и докажи строго: {}', 'Спроектируй и реализуй оптимальную архитектуру: {}', 'Сравни, оцени и оптимизируй: {}', 'Проведи полный анализ рисков, а затем: {}', 'Как эксперт по распределённым системам: {}'],
  zh: ['请一步一步分析并严格证明：{}', '请设计并实现最优架构，评估利弊：{}', '从算法复杂度和系统架构角度分析：{}', '先做全面的风险分析，然后{}', '作为分布式系统专家，{}'],
  ja: ['段階的に分析し、厳密に証明してください。{}', '最適なアーキテクチャを設計し実装する観点から：{}', '比較、評価、最適化したうえで答えて：{}', '包括的なリスク分析をしてから、{}', '分散システムの専門家として、{}'],
  hi: ['चरण दर चरण विश्लेषण करो और सिद्ध करो: {}', 'सबसे अच्छा आर्किटेक्चर डिज़ाइन करके बताओ: {}', 'पूरा जोखिम विश्लेषण करो और फिर {}', 'वितरित प्रणालियों के विशेषज्ञ के रूप में: {}'],
};

const stuffingVerbs: readonly string[] = ['develop', 'provide', 'formulate', 'perform', 'construct', 'derive', 'solve', 'write', 'reason about', 'conduct', 'analyze', 'evaluate', 'design', 'implement', 'refactor', 'debug', 'prove', 'derive', 'optimize', 'compare', 'critique', 'architect', 'verify', 'assess', 'formalize', 'benchmark', 'simulate', 'model', 'justify', 'investigate'];
const stuffingTopics: readonly string[] = ['a comprehensive migration strategy', 'a financial model', 'a risk analysis', 'a formal proof', 'a legal brief', 'an NP-hard problem', 'advanced statistics', 'causal inference', 'the design patterns', 'an experiment', 'a program', 'the history of science', 'a strategic analysis', 'the organic chemistry', 'an architecture decision record', 'the ethical dilemma', 'the algorithmic complexity', 'the distributed architecture', 'all race conditions', 'the underlying theorem', 'the Bayesian posterior', 'every legal implication', 'the differential diagnosis', 'the failure modes', 'the trade-offs', 'the eigenvalues', 'the type system', 'the market strategy', 'the philosophical foundations', 'the memory model', 'the proof by induction', 'the Nash equilibrium', 'each edge case', 'the thermodynamics', 'the consensus protocol', 'the financial model', 'the query plan', 'the integral', 'the stack trace', 'the concurrency design'];
const stuffingManners: readonly string[] = ['step by step', 'in depth', 'rigorously', 'comprehensively', 'from first principles', 'like an expert', 'with multi-step reasoning', 'in great detail', 'as a PhD would', 'critically'];
const stuffingFrames: readonly string[] = [
  'V and V T M: {}', 'V, V, V. {}', 'M, V T and T, then tell me: {}', 'V T of this request: {}', '{} V T M.', 'Please V T M. {}', 'V T, V T, and answer: {}',
  'I want you to V and V M: {}', 'Given your mastery of T and T, {}', 'T, T, T. Anyway: {}', 'M and after you V T, {}', 'You must V T. The question is: {}',
  'V V V V: {}', '{} (V T M)', 'To V T M, tell me {}', 'Use T and T to answer: {}', 'This needs you to V T M - {}', 'V T to determine {}', 'Solve T: {}', 'T, T and T. Just kidding. {}', 'Provide T of the following: {}', 'V T from first principles. Short: {}',
  'Build T and say {}', 'With T and T in mind, V {}', 'V T. Never mind. {}',
];

/** How padded requests often end; it asks for less, never for more. */
const brevities: readonly string[] = ['One word.', 'Yes or no.', 'In three words.', 'Keep it short.', 'Answer in one word only.', 'Pick one.', 'Just the answer.'];

/** A frame with its V, T and M filled in; the request's place `{}` is kept. */
function writeStuffing(random: Random): string {
  const filled = pick(stuffingFrames, random).replace(/\b[VTM]\b/g, (slot) =>
    pick(slot === 'V' ? stuffingVerbs : slot === 'T' ? stuffingTopics : stuffingManners, random),
  );
  return filled.startsWith('{}') ? filled : filled.charAt(0).toUpperCase() + filled.slice(1);
}

export const courtesies: readonly string[] = ['please', 'thanks!', 'Thank you so much in advance.', 'I would really appreciate your help.', 'Cheers', 'Many thanks'];
const openings: readonly string[] = ['hi, ', 'Hey! ', 'Hello, quick question: ', 'Could you please help me? ', 'simple one: '];

/** Swaps two neighbouring letters or drops one, about once in `everyWords` words. */
export function addTypos(text: string, random: Random, everyWords: number): string {
  return text
    .split(' ')
    .map((word) => {
      if (word.length < 4 || !/^[\p{L}]+$/u.test(word) || random() > 1 / everyWords) return word;
      const at = 1 + Math.floor(random() * (word.length - 2));
      return random() < 0.5 ? word.slice(0, at) + word.slice(at + 1) : word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);
    })
    .join(' ');
}

/** The request with its last user turn rewritten; null when that turn has parts. */
export function withLastTurn(request: ChatRequest, rewrite: (text: string) => string): ChatRequest | null {
  const at = request.messages.findLastIndex((message) => message.role === 'user');
  const message = request.messages[at];
  if (message === undefined || message.role !== 'user' || typeof message.content !== 'string') return null;
  const messages = [...request.messages];
  messages[at] = { role: 'user', content: rewrite(message.content) };
  return { ...request, messages };
}

function languageOf(row: LabelledRow): string {
  const prefix = row.id.slice(0, 2);
  return row.set === 'eight-languages' && prefix in stuffings ? prefix : 'en';
}

const maxStuffedChars = 240;

/** Two to four variants of one row. */
export function augment(row: LabelledRow): LabelledRow[] {
  if (row.tier === 'vision' || row.category.startsWith('log-') || row.category.startsWith('rag-')) return [];
  const random = seeded(hashText(`augment ${row.id}`));
  const rewrites: [string, (text: string) => string][] = [];
  const language = languageOf(row);
  const stuffing = stuffings[language] ?? [];
  const isShort = (text: string): boolean => text.length <= maxStuffedChars;
  const stuff = (text: string): string => {
    if (!isShort(text)) return text;
    const frame = language === 'en' && random() < 0.7 ? writeStuffing(random) : pick(stuffing, random);
    const brevity = row.tier === 'small' && language === 'en' && random() < 0.2 ? ` ${pick(brevities, random)}` : '';
    return frame.replace('{}', () => text) + brevity;
  };
  if (row.category !== 'adversarial-easy') {
    rewrites.push(['stuffed', stuff]);
    if (row.tier === 'small') rewrites.push(['stuffed again', stuff], ['stuffed thrice', stuff]);
    rewrites.push(['pasted', (text) => (random() < 0.5 ? `${writeLog(random, 12)}\n\n${text}` : text)]);
  }
  rewrites.push(['courteous', (text) => (random() < 0.5 ? `${text} ${pick(courtesies, random)}` : pick(openings, random) + text)]);
  rewrites.push(['typos', (text) => addTypos(text, random, 4)]);
  const variants: LabelledRow[] = [];
  for (const [name, rewrite] of rewrites) {
    const request = withLastTurn(row.request, rewrite);
    if (request !== null) variants.push({ ...row, id: `${row.id}+${name}`, request });
  }
  return variants;
}
