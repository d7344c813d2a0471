/**
 * Counts words of a few closed classes (quantities, comparisons, conditions, loops, string methods …): what makes a question with one
 * right answer long to work out. English and the common programming languages; other languages count zero and are scored by the rest.
 */
import { rememberedByObject } from '../../text/remembered.ts';
import { hashKey, tokenize, type Tokens } from '../tokens.ts';

const askWords = {
  numberWords:
    'one two three four five six seven eight nine ten eleven twelve half twice third quarter thrice double triple dozen',
  fractions: 'half twice third quarter fourth fifth thirds quarters times double triple ratio fraction',
  percentages: 'percent percentage',
  comparisons: 'more less fewer older younger than taller shorter longer faster',
  rates: 'each every per daily hourly weekly hour hours week weeks month months year years minutes days',
  conditions: 'if then after before until when but instead only remaining rest left another other unless',
  negations: 'not no none except never without least incorrect false',
  tasks: 'prove show derive explain why compare evaluate',
  quantities: 'many much',
  choices: 'which following',
  geometry: 'triangle circle angle square radius area sphere perpendicular polygon',
  counting: 'ways arrangements committee probability choose distinct random expected',
  algebra: 'polynomial roots root quadratic equation complex function',
  numberTheory: 'integer integers divisible prime remainder modulo digit digits base',
} as const;

const codeWords = {
  loops: 'for while foreach loop',
  branches: 'if elif else try except switch case catch',
  whileLoops: 'while',
  ranges: 'range',
  stringMethods:
    'replace split join strip upper lower find index count startswith endswith isalpha isdigit title swapcase partition translate encode zfill rjust ljust center rfind rsplit substring trim charat indexof tolowercase touppercase',
  listMethods: 'append pop insert remove extend sort reverse clear copy push shift splice unshift',
  dictMethods: 'items keys values get update setdefault popitem fromkeys',
} as const;

export type AskClass = keyof typeof askWords;
export type CodeClass = keyof typeof codeWords;
type Classes = Readonly<Record<string, string>>;

/** Word hash → the classes it belongs to, by index. */
interface Lexicon<K extends string> {
  readonly classes: readonly K[];
  readonly byHash: ReadonlyMap<number, readonly number[]>;
}

function build<K extends string>(classes: readonly K[], words: Readonly<Record<K, string>> & Classes): Lexicon<K> {
  const byHash = new Map<number, number[]>();
  classes.forEach((name, index) => {
    for (const hash of tokenize(words[name]).hashes) {
      const known = byHash.get(hashKey(hash));
      if (known === undefined) byHash.set(hashKey(hash), [index]);
      else known.push(index);
    }
  });
  return { classes, byHash };
}

const askClasses = [
  'numberWords',
  'fractions',
  'percentages',
  'comparisons',
  'rates',
  'conditions',
  'negations',
  'tasks',
  'quantities',
  'choices',
  'geometry',
  'counting',
  'algebra',
  'numberTheory',
] as const satisfies readonly AskClass[];
const codeClasses = [
  'loops',
  'branches',
  'whileLoops',
  'ranges',
  'stringMethods',
  'listMethods',
  'dictMethods',
] as const satisfies readonly CodeClass[];
const askLexicon = build(askClasses, askWords);
const codeLexicon = build(codeClasses, codeWords);

function countClasses<K extends string>(tokens: Tokens, lexicon: Lexicon<K>): Float64Array {
  const counts = new Float64Array(lexicon.classes.length);
  for (let index = 0; index < tokens.count; index += 1) {
    const classes = lexicon.byHash.get(hashKey(tokens.hashes[index]));
    if (classes === undefined) continue;
    for (const at of classes) counts[at] = (counts[at] ?? 0) + 1;
  }
  return counts;
}

/** Occurrences of each class of words in the ask, in the order of `askClasses`. An ask that comes again has the same tokens. */
export const countAskClasses = rememberedByObject((tokens: Tokens) => countClasses(tokens, askLexicon));

/** The same for code. */
export const countCodeClasses = rememberedByObject((tokens: Tokens) => countClasses(tokens, codeLexicon));

export { askClasses, codeClasses };
