/** The texts of a request and of its answer as a log keeps them: where a key opts in, without secrets, and not longer than configured. */
import { type Choice, contentOf } from '../answer/choice.ts';
import type { SurfacedCall } from '../tools/call-sink.ts';
import { asItIs, type HideSecrets } from '../log/known-secrets.ts';
import { withoutSecrets } from '../log/redact.ts';
import type { Message } from '../request/inner-request.ts';

const left = '…';

/** The end of a conversation, which the answer is to; images are named, not kept. */
export function keptPrompt(messages: readonly Message[], maxChars: number, hide: HideSecrets = asItIs): string {
  const text = messages.map((message) => `${message.role}: ${textOf(message)}`).join('\n\n');
  // Long conversations: what is cut is not searched, and a secret on the edge is whole on this side of it.
  const near = withoutSecrets(text.slice(-2 * maxChars), hide);
  return near.length <= maxChars && text.length <= 2 * maxChars ? near : left + near.slice(1 - maxChars);
}

export interface AnswerPart {
  readonly content: string;
  readonly refusal: string;
  readonly calls: readonly SurfacedCall[];
}

/** Of an answer as far as it has come. */
export function answerParts(choices: Iterable<Choice>): AnswerPart[] {
  return [...choices].map((choice) => ({ content: contentOf(choice), refusal: choice.refusal, calls: choice.calls }));
}

/** The beginning of an answer, its choices one after another, calls as JSON. */
export function keptAnswer(choices: readonly AnswerPart[], maxChars: number, hide: HideSecrets = asItIs): string {
  const text = choices
    .flatMap(({ content, refusal, calls }) => [content, refusal, ...calls.map(callText)])
    .filter((part) => part !== '')
    .join('\n\n');
  const near = withoutSecrets(text.slice(0, 2 * maxChars), hide);
  return near.length <= maxChars && text.length <= 2 * maxChars ? near : near.slice(0, maxChars - 1) + left;
}

function callText({ name, arguments: args }: SurfacedCall): string {
  return `${name}(${args})`;
}

function textOf(message: Message): string {
  const { content } = message;
  const text = typeof content === 'string' ? content : (content ?? []).map(partText).join('\n');
  const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
  return [text, ...calls.map(({ function: { name, arguments: args } }) => `${name}(${args})`)]
    .filter((part) => part !== '')
    .join('\n');
}

function partText(part: { readonly type: string; readonly text?: string; readonly refusal?: string }): string {
  return part.text ?? part.refusal ?? `[${part.type}]`;
}
