/** Fifty answers that lose their way, as the tokens that a model would write, made from a seed. What they repeat was seen in public complaints of vLLM, llama.cpp and Ollama. */
import { between, pick, type Random, seededRandom } from '../../infra/standin/random.ts';

export interface DegenerateCase {
  readonly name: string;
  /** Good text before. */
  readonly beginning: readonly string[];
  /** The tokens that come again and again from then on. */
  readonly cycle: readonly string[];
}

const single = ['!', 'G', '@', '?', '#', '-', '.', '\n', ' ', '\t', '\n\n', '哈', '额', '😀', '🔥', '.\n', '"', '<unk>'];
const words = [' the', ' Bob', ' yes', ' and', 'AI', ' la', ' então', ' снова', ' 重复', '繰り返し'];
const phrases: readonly (readonly string[])[] = [
  ['{"', 'a', '":'],
  ['[', '{"', 'child', 'ren', '":'],
  ['I', ' am', ' sorry', ',', ' I', ' cannot', ' do', ' that', '.', ' '],
  [' Let', ' me', ' know', ' if', ' you', "'d", ' like', ' to', '.', ' '],
  ['Wait', ',', ' let', ' me', ' check', ' that', ' again', '.', '\n\n'],
  ['get_weather', '{"', 'city', '":"', 'Paris', '"}'],
  ['search', '{"', 'query', '":"', 'round', ' robin', ' load', ' balancer', '"}'],
  ['<|im_end|>', '\n', '<|im_start|>', 'assistant', '\n'],
];
const vocabulary = [
  ' answer',
  ' number',
  ' because',
  ' load',
  ' balancer',
  ' is',
  ' of',
  ' a',
  ' model',
  'ing',
  ' data',
  ' we',
  ' can',
  ' this',
  ' that',

  ',',
  '.',
  ' (',
  ')',
  ':',
  ' server',
  ' step',
  ' request',
  ' value',
  ' not',
  ' with',
  '\n',
  ' function',
  ' return',
  ' x',
  ' for',
  ' in',
] as const;
const beginnings: readonly [readonly string[], ...(readonly string[])[]] = [
  ['Here', ' is', ' what', ' I', ' found', ':', '\n\n'],
  ['Sure', '!', ' The', ' capital', ' of', ' France', ' is', ' Paris', '.', ' '],
  [],
  ['```', 'python', '\n', 'def', ' main', '():', '\n', '    '],
];

/** @param count of the cases whose cycles are drawn at random; 14 make fifty */
export function degenerateCases(count = 14, seed = 'degenerate'): readonly DegenerateCase[] {
  const random = seededRandom(seed);
  const fixed = [...single.map((token) => [token]), ...words.map((word) => [word]), ...phrases];
  const drawn = Array.from({ length: count }, (_, at) => drawCycle(random, 2 + Math.round((38 * at) / (count - 1))));
  return [...fixed, ...drawn].map((cycle) => ({
    name: cycle.length > 10 ? `${cycle.length} tokens` : JSON.stringify(cycle.join('')),
    beginning: pick(random, beginnings),
    cycle,
  }));
}

/** Real text has letters in most of its tokens: no token comes twice in a row. */
function drawCycle(random: Random, length: number): readonly string[] {
  const cycle: string[] = [];
  while (cycle.length < length) {
    const token = vocabulary[between(random, 0, vocabulary.length - 1)];
    if (token !== undefined && token !== cycle.at(-1)) cycle.push(token);
  }
  return cycle;
}
