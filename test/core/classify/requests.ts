/** Chat requests and the shipped routing configuration, for the tests of this folder. */
import type { ChatRequest } from '../../../shared/chat.ts';
import { readRouterConfig, type RouterConfig } from '../../../bench/routing/router-config.ts';
import { seedConfig } from '../../../bench/routing/seed-config.ts';
import { filler, loadMix } from '../../../bench/seeds/load-mix.ts';
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

export { filler };

/** The published load test's mix of 60. */
export const seedMix: readonly ChatRequest[] = loadMix.map(({ request }) => request);
