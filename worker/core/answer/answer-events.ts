/**
 * What a client is shown of an answer, and the list it is collected in while one delta is worked on. Neighbouring pieces of the
 * same thing become one event.
 */

import type { CallEvent } from '../tools/call-sink.ts';

export type AnswerEvent =
  | { readonly kind: 'content'; readonly text: string }
  | { readonly kind: 'reasoning'; readonly text: string }
  | CallEvent;

export interface EventList {
  push(event: AnswerEvent): void;
  /** Hands over what was collected and starts anew. */
  take(): readonly AnswerEvent[];
}

const none: readonly AnswerEvent[] = [];

export function createEventList(): EventList {
  let events: AnswerEvent[] = [];
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

function merge(last: AnswerEvent, next: AnswerEvent): AnswerEvent | null {
  if (
    next.kind === 'tool_arguments' &&
    (last.kind === 'tool_call' || last.kind === 'tool_arguments') &&
    last.index === next.index
  ) {
    return { ...last, arguments: last.arguments + next.arguments };
  }
  if (next.kind === 'content' && last.kind === 'content') return { kind: 'content', text: last.text + next.text };
  if (next.kind === 'reasoning' && last.kind === 'reasoning') return { kind: 'reasoning', text: last.text + next.text };
  return null;
}
