/**
 * The content of an answer, piece by piece, independent of any wire format: the readers emit these events, and each surface writes them in its
 * own format. In a list, the events of one choice are in order. Where calls are shown as they stream, several may be open at once, with text
 * between their pieces. Plain data that can be stored.
 */
import type { Usage } from '../../../shared/usage.ts';
import type { CallEvent } from '../tools/call-sink.ts';
import type { FinishReason } from '../upstreams/dialect.ts';

/** A piece of what the model says. */
export type SpokenEvent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  | CallEvent;

type ChoiceEvent =
  /** Comes first, once a choice. */
  | { readonly kind: 'begin' }
  | SpokenEvent
  /** The model's reason for not answering. */
  | { readonly kind: 'refusal'; readonly text: string }
  /** Log probabilities, as the server wrote them, of what the event before says; of nothing that is shown if that is a `begin`. */
  | { readonly kind: 'logprobs'; readonly logprobs: unknown }
  /** Comes last; a choice without it broke off. */
  | { readonly kind: 'finish'; readonly reason: FinishReason; readonly stopSequence?: string };

export type AnswerEvent =
  /** `choice` counts the answers that were asked for at once. */
  | (ChoiceEvent & { readonly choice: number })
  /** Of the whole answer, behind all its choices. */
  | { readonly kind: 'usage'; readonly usage: Usage };

/** The list that pieces are collected in while one delta is worked on. Neighbouring pieces of the same thing become one event. */
export interface EventList {
  push(event: SpokenEvent): void;
  /** Hands over what was collected, and is empty again. */
  take(): readonly SpokenEvent[];
}

const none: readonly SpokenEvent[] = [];

export function createEventList(): EventList {
  let events: SpokenEvent[] = [];
  return {
    push(event) {
      const last = events.at(-1);
      const merged = last === undefined ? null : merge(last, event);
      if (merged === null) events.push(event);
      else events[events.length - 1] = merged;
    },
    take() {
      if (events.length === 0) return none;
      const taken = events;
      events = [];
      return taken;
    },
  };
}

function merge(last: SpokenEvent, next: SpokenEvent): SpokenEvent | null {
  if (next.kind === 'call_arguments' && (last.kind === 'call' || last.kind === 'call_arguments') && last.index === next.index) {
    return { ...last, arguments: last.arguments + next.arguments };
  }
  if (next.kind === 'text' && last.kind === 'text') return { kind: 'text', text: last.text + next.text };
  if (next.kind === 'reasoning' && last.kind === 'reasoning') return { kind: 'reasoning', text: last.text + next.text };
  return null;
}
