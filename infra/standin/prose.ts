/** Texts of a given length in the style of a kind of answer: chat, code, worked reasoning. Seeded, never a fixed sentence. */
import type { Random } from './random.ts';
import { between, pick } from './random.ts';
import { countTokens } from './tokens.ts';
import {
  actions,
  adjectives,
  adverbs,
  greetings,
  identifiers,
  links,
  noun,
  offers,
  people,
  places,
  verbs,
} from './vocabulary.ts';

type Topics = readonly string[];

/** One sentence without the closing space. */
export function sentence(random: Random, topics: Topics): string {
  const thing = () => noun(random, topics);
  const clause = () => `the ${pick(random, adjectives)} ${thing()} ${pick(random, verbs)} the ${thing()}`;
  const text = pick<() => string>(random, [
    () => `The ${thing()} ${pick(random, adverbs)} ${pick(random, verbs)} a ${pick(random, adjectives)} ${thing()}.`,
    () => `${pick(random, links)}, ${clause()}.`,
    () => `When ${clause()}, ${clause()}.`,
    () => `${clause()}, and ${clause()}.`,
    () => `A ${pick(random, adjectives)} ${thing()} in ${pick(random, places)} took ${between(random, 2, 900)} days.`,
    () => `${pick(random, people)} found that ${clause()}.`,
    () => `Note the ${thing()}: it ${pick(random, verbs)} the ${thing()} by ${between(random, 2, 95)} %.`,
  ])();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Adds parts until the text has at least `targetTokens`; the last part is never cut. */
function fill(targetTokens: number, next: (done: number) => string): string {
  let text = '';
  let tokens = 0;
  for (let part = 0; tokens < targetTokens; part += 1) {
    const piece = next(part);
    text += piece;
    tokens += countTokens(piece);
  }
  return text.trimEnd();
}

export function greeting(random: Random): string {
  const name = random() < 0.4 ? `, ${pick(random, people)}` : '';
  return `${pick(random, greetings)}${name}${pick(random, ['!', '.', ' 👋'])} ${pick(random, offers)}?`;
}

export function paragraphs(random: Random, topics: Topics, targetTokens: number): string {
  return fill(targetTokens, () => `${sentence(random, topics)}${random() < 0.18 ? '\n\n' : ' '}`);
}

export function list(random: Random, topics: Topics, targetTokens: number): string {
  const opening = `${sentence(random, topics)}\n\n`;
  return opening + fill(targetTokens - countTokens(opening), (index) => `${index + 1}. ${sentence(random, topics)}\n`);
}

export function code(random: Random, topics: Topics, targetTokens: number): string {
  const name = () => `${pick(random, actions)}_${pick(random, identifiers)}`;
  const block = () => {
    const [a, b, c] = [pick(random, identifiers), pick(random, identifiers), pick(random, identifiers)];
    const lines = [`def ${name()}(${a}, ${b}=${between(random, 0, 64)}):`, `    ${c} = []`];
    for (let count = between(random, 1, 4); count > 0; count -= 1) {
      lines.push(
        `    for ${pick(random, identifiers)} in ${a}:`,
        `        ${c}.append(${name()}(${b}) % ${between(random, 2, 97)})`,
      );
    }
    return [...lines, `    return ${c}`, '', ''].join('\n');
  };
  const before = `${sentence(random, topics)}\n\n\`\`\`python\n`;
  const after = `\n\`\`\`\n\n${sentence(random, topics)}`;
  return before + fill(targetTokens - countTokens(before) - countTokens(after), block) + after;
}

export function workings(random: Random, topics: Topics, targetTokens: number): string {
  const step = (index: number) => {
    const [a, b] = [between(random, 2, 99), between(random, 2, 99)];
    const sum = random() < 0.5 ? `${a} + ${b} = ${a + b}` : `${a} × ${b} = ${a * b}`;
    return `Step ${index + 1}: ${sentence(random, topics)} So ${sum}.\n`;
  };
  return fill(targetTokens, step);
}

/** A few words, for string fields of structured answers. */
export function phrase(random: Random, topics: Topics): string {
  return `${pick(random, adjectives)} ${noun(random, topics)}`;
}
