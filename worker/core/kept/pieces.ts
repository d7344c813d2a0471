/**
 * The pieces of a kept answer: what one step of its run has added, in the order in which it was shown. Each is one JSON text; a piece of plain
 * text, which nearly all are, is a JSON string.
 */
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { Usage } from '../../../shared/usage.ts';
import type { AnswerEvent } from '../answer/answer-events.ts';
import { type AnswerHead, eventsOf, type WholeAnswer, type WholeChoice } from '../answer/whole-answer.ts';
import type { FinishReason } from '../upstreams/dialect.ts';

export interface KeptPiece {
  readonly head: AnswerHead;
  readonly events: readonly AnswerEvent[];
  /** As it was known then; there where the events end a choice. */
  readonly routing: RoutingMetadata | null;
}

/** The head is left out where it is the one before. */
interface StoredPiece {
  readonly head?: AnswerHead;
  readonly events: readonly AnswerEvent[];
  readonly routing?: RoutingMetadata;
}

/** @returns a function that writes one piece after the other */
export function createPieceWriter(): (piece: KeptPiece) => string {
  let known: AnswerHead | null = null;
  return ({ head, events, routing }) => {
    const isSame = known !== null && known.id === head.id && known.created === head.created && known.model === head.model;
    known = head;
    const [event] = events;
    const isPlain = event?.kind === 'text' && event.choice === 0 && events.length === 1;
    if (isSame && routing === null && isPlain) return JSON.stringify(event.text);
    const stored: StoredPiece = { ...(isSame ? {} : { head }), events, ...(routing === null ? {} : { routing }) };
    return JSON.stringify(stored);
  };
}

/** @returns a function that reads one piece after the other, from the first one on */
export function createPieceReader(): (text: string) => KeptPiece {
  let head: AnswerHead = { id: '', created: 0, model: '' };
  return (text) => {
    // Written by this file.
    const stored: string | StoredPiece = JSON.parse(text);
    if (typeof stored === 'string') return { head, events: [{ choice: 0, kind: 'text', text: stored }], routing: null };
    head = stored.head ?? head;
    return { head, events: stored.events, routing: stored.routing ?? null };
  };
}

/**
 * A whole answer as pieces. Log probabilities have a piece each: in one with others they would be taken for those of the event before.
 */
export function piecesOfWhole(answer: WholeAnswer, usage: Usage, routing: RoutingMetadata): readonly string[] {
  const write = createPieceWriter();
  const { head } = answer;
  const pieces: string[] = [];
  for (const choice of answer.choices) {
    const events = eventsOf({ head, choices: [choice] });
    const finish = events.at(-1)?.kind === 'finish' ? events.slice(-1) : [];
    pieces.push(write({ head, events: events.slice(0, events.length - finish.length), routing: null }));
    for (const logprobs of choice.logprobs)
      pieces.push(write({ head, events: [{ choice: choice.index, kind: 'logprobs', logprobs }], routing: null }));
    if (finish.length > 0) pieces.push(write({ head, events: finish, routing }));
  }
  pieces.push(write({ head, events: [{ kind: 'usage', usage }], routing: null }));
  return pieces;
}

/** What a kept answer comes to, for a client that reads it whole. */
export interface KeptWhole {
  readonly answer: WholeAnswer;
  /** Null when its run has noted none. */
  readonly usage: Usage | null;
  /** As its client was told at its end; null for one without an end. */
  readonly routing: RoutingMetadata | null;
}

interface OpenChoice {
  readonly index: number;
  readonly parts: { content: string; reasoning: string; refusal: string };
  readonly calls: Map<number, { id: string; name: string; arguments: string }>;
  readonly logprobs: unknown[];
  finishReason: FinishReason | null;
  stopSequence: string | null;
}

/** Joins the pieces of an answer: the whole that its own client was sent, or would have been. */
export function wholeOfPieces(pieces: readonly string[]): KeptWhole {
  const read = createPieceReader();
  const choices = new Map<number, OpenChoice>();
  let head: AnswerHead = { id: '', created: 0, model: '' };
  let usage: Usage | null = null;
  let routing: RoutingMetadata | null = null;
  for (const text of pieces) {
    const piece = read(text);
    ({ head } = piece);
    routing = piece.routing ?? routing;
    for (const event of piece.events) {
      if (event.kind === 'usage') ({ usage } = event);
      else addEvent(choices, event);
    }
  }
  return { answer: { head, choices: [...choices.values()].map(closeChoice) }, usage, routing };
}

function addEvent(choices: Map<number, OpenChoice>, event: Exclude<AnswerEvent, { kind: 'usage' }>): void {
  const choice = choices.get(event.choice) ?? emptyChoice(event.choice);
  choices.set(event.choice, choice);
  if (event.kind === 'text') choice.parts.content += event.text;
  else if (event.kind === 'reasoning') choice.parts.reasoning += event.text;
  else if (event.kind === 'refusal') choice.parts.refusal += event.text;
  else if (event.kind === 'call') {
    const { index, id, name, arguments: args } = event;
    choice.calls.set(index, { id, name, arguments: args });
  } else if (event.kind === 'call_arguments') {
    const call = choice.calls.get(event.index);
    if (call !== undefined) call.arguments += event.arguments;
  } else if (event.kind === 'logprobs') choice.logprobs.push(event.logprobs);
  else if (event.kind === 'finish') {
    choice.finishReason = event.reason;
    choice.stopSequence = event.stopSequence ?? null;
  }
}

function emptyChoice(index: number): OpenChoice {
  const parts = { content: '', reasoning: '', refusal: '' };
  return { index, parts, calls: new Map(), logprobs: [], finishReason: null, stopSequence: null };
}

function closeChoice({ index, parts, calls, logprobs, finishReason, stopSequence }: OpenChoice): WholeChoice {
  const stop = stopSequence === null ? {} : { stopSequence };
  return { index, ...parts, calls: [...calls.values()], logprobs, finishReason, ...stop };
}
