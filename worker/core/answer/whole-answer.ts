/** A whole answer as plain data: it can be stored, sent again, or written in any wire format. */
import type { FinishReason } from '../upstreams/dialect.ts';
import type { SurfacedCall } from '../tools/call-sink.ts';
import type { AnswerEvent } from './answer-events.ts';
import type { AnswerState } from './answer-state.ts';
import { contentOf } from './choice.ts';

/** Identity of an answer: what a client has seen of it does not change. */
export interface AnswerHead {
  readonly id: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The name that the server gives the model. */
  readonly model: string;
}

export interface WholeAnswer {
  readonly head: AnswerHead;
  /** In the order in which they began. */
  readonly choices: readonly WholeChoice[];
}

export interface WholeChoice {
  readonly index: number;
  readonly content: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly calls: readonly SurfacedCall[];
  /** As the server wrote them, a list entry for each piece of the answer that had any. */
  readonly logprobs: readonly unknown[];
  readonly finishReason: FinishReason | null;
  /** The stop sequence that ended it, where that is known. */
  readonly stopSequence?: string;
}

/** @param fallback values for what the server did not send */
export function headOf({ head: { id, created, model } }: AnswerState, fallback: AnswerHead): AnswerHead {
  return { id: id ?? fallback.id, created: created ?? fallback.created, model: model ?? fallback.model };
}

export function wholeAnswer(state: AnswerState, head: AnswerHead): WholeAnswer {
  const choices = [...state.choices.values()].map((choice): WholeChoice => ({
    index: choice.index,
    content: contentOf(choice),
    reasoning: choice.reasoning,
    refusal: choice.refusal,
    calls: choice.calls,
    logprobs: choice.logprobs,
    finishReason: choice.finishReason,
    ...(choice.finishReason === 'stop' && choice.stopSequence !== null ? { stopSequence: choice.stopSequence } : {}),
  }));
  return { head, choices };
}

/** The same as events, for a client that reads a stream. Its log probabilities are those of pieces that it does not have, and left out. */
export function eventsOf({ choices }: WholeAnswer): AnswerEvent[] {
  const events: AnswerEvent[] = [];
  for (const { index: choice, content, reasoning, refusal, calls, finishReason, stopSequence } of choices) {
    events.push({ choice, kind: 'begin' });
    if (reasoning !== '') events.push({ choice, kind: 'reasoning', text: reasoning });
    if (content !== '') events.push({ choice, kind: 'text', text: content });
    if (refusal !== '') events.push({ choice, kind: 'refusal', text: refusal });
    for (const [index, { id, name, arguments: args }] of calls.entries()) {
      events.push({ choice, kind: 'call', index, id, name, arguments: args }, { choice, kind: 'call_end', index });
    }
    if (finishReason !== null)
      events.push({ choice, kind: 'finish', reason: finishReason, ...(stopSequence === undefined ? {} : { stopSequence }) });
  }
  return events;
}
