/** The published load test's mix of 60 requests, reworded: short facts, complex ones with tools and JSON mode, look-ups with tools. */
import type { ChatRequest } from '../../shared/chat.ts';

const simple = [
  'What is 6 plus 5?',
  'Say hello in Spanish',
  'Name the capital of Portugal',
  'Turn 20 Celsius into Fahrenheit',
  'Is Rust compiled?',
];
const complex = [
  'Compare sorting algorithms, analyze their cost, evaluate stability and explain in detail when each one wins for data that is nearly sorted already',
  'Design and implement a rate limiter for many servers, optimize its memory, and evaluate the failure cases; critique the usual choices as well',
  'Debug a memory leak step by step in a long running service, analyze the heap, refactor the owner and write code that proves it gone',
  'Architect a distributed cache: design the ring, implement the client, optimize hot keys, evaluate consistency, compare eviction and critique the plan step by step',
];
const lookUps = [
  'What is the weather in Turin?',
  'Query the database for all customers of the last month who bought nothing and give their names',
];

/** `count` different words without any keyword of the seed. */
export function filler(count: number): string {
  return Array.from({ length: count }, (_, at) => `plain${at}`).join(' ');
}

/** As long as the original's: the word count is a signal. */
const pad = (text: string): string => `${text} ${filler(25 - text.split(' ').length)}`;

const tools: NonNullable<ChatRequest['tools']> = [
  { type: 'function', function: { name: 'tool_0', parameters: { type: 'object' } } },
];

export type LoadKind = 'simple' | 'complex' | 'tool';

export const loadMix: readonly { readonly kind: LoadKind; readonly request: ChatRequest }[] = Array.from(
  { length: 60 },
  (_, at) => {
    const round = Math.floor(at / 3);
    const ask = (text: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
      model: 'auto',
      messages: [{ role: 'user', content: text }],
      ...more,
    });
    if (at % 3 === 0) return { kind: 'simple', request: ask(simple[round % 5] ?? '') };
    if (at % 3 === 1)
      return {
        kind: 'complex',
        request: ask(pad(complex[round % 4] ?? ''), { tools, response_format: { type: 'json_object' } }),
      };
    return { kind: 'tool', request: ask(lookUps[round % 2] ?? '', { tools }) };
  },
);
