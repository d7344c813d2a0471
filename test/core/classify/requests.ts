/** Chat requests and the shipped routing configuration, for the tests of this folder. */
import type { ChatRequest } from '../../../shared/chat.ts';
import { readRouterConfig, type RouterConfig } from '../../../bench/routing/router-config.ts';
import { seedConfig } from '../../../bench/routing/seed-config.ts';
import { buildView, type RequestView } from '../../../worker/core/classify/view.ts';
import type { InnerRequest } from '../../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../../worker/core/surfaces/chat/inner-request.ts';

export const shipped: RouterConfig = readRouterConfig();
export const heuristicOnly: RouterConfig = {
  ...shipped,
  classifier: { ...shipped.classifier, mode: 'heuristic', curves: 'calibrated', threshold: 0.6 },
};
export const hybrid: RouterConfig = { ...heuristicOnly, classifier: { ...heuristicOnly.classifier, mode: 'hybrid' } };
export const seed: RouterConfig = { ...seedConfig, intent: shipped.intent };

export function askBody(text: string, more: Partial<ChatRequest> = {}): ChatRequest {
  return { model: 'auto', messages: [{ role: 'user', content: text }], ...more };
}

export function ask(text: string, more: Partial<ChatRequest> = {}): InnerRequest {
  return innerRequest(askBody(text, more));
}

export function viewOf(text: string, more: Partial<ChatRequest> = {}): RequestView {
  return buildView(ask(text, more));
}

export function messagesView(messages: ChatRequest['messages']): RequestView {
  return buildView(innerRequest({ model: 'auto', messages }));
}

export function chatBody(...turns: string[]): ChatRequest {
  const messages = turns.flatMap((content, at): ChatRequest['messages'] =>
    at === turns.length - 1
      ? [{ role: 'user', content }]
      : [
          { role: 'user', content },
          { role: 'assistant', content: 'All right.' },
        ],
  );
  return { model: 'auto', messages };
}

export function chat(...turns: string[]): InnerRequest {
  return innerRequest(chatBody(...turns));
}

export function tools(count: number): NonNullable<ChatRequest['tools']> {
  return Array.from({ length: count }, (_, at) => ({
    type: 'function' as const,
    function: { name: `tool_${at}`, parameters: { type: 'object' } },
  }));
}

/** `count` different words without any keyword of the seed. */
export function filler(count: number): string {
  return Array.from({ length: count }, (_, at) => `plain${at}`).join(' ');
}

const simple = [
  'What is 6 plus 5?',
  'Say hello in Spanish',
  'Name the capital of Portugal',
  'Turn 20 Celsius into Fahrenheit',
  'Is Rust compiled?',
];
const pad = (text: string): string => `${text} ${filler(25 - text.split(' ').length)}`;
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
/** The published load test's mix of 60, reworded: short facts, complex ones with tools and JSON mode, look-ups with tools. */
export const seedMix: readonly ChatRequest[] = Array.from({ length: 60 }, (_, at): ChatRequest => {
  const round = Math.floor(at / 3);
  if (at % 3 === 0) return askBody(simple[round % 5] ?? '');
  if (at % 3 === 1) return askBody(pad(complex[round % 4] ?? ''), { tools: tools(1), response_format: { type: 'json_object' } });
  return askBody(lookUps[round % 2] ?? '', { tools: tools(1) });
});
