/**
 * A response as it grows: every answer event becomes the events that this wire has for it, and the object that they add up to. Each text
 * and each call has its beginning, its pieces and its whole, whatever the model server sent.
 */
import { errors, publicMessage, type Failure } from '../../../../shared/errors.ts';
import type { RoutingMetadata } from '../../../../shared/routing-metadata.ts';
import type { Usage } from '../../../../shared/usage.ts';
import type { AnswerEvent } from '../../answer/answer-events.ts';
import type { AnswerHead } from '../../answer/whole-answer.ts';
import type { FinishReason } from '../../upstreams/dialect.ts';
import { type Echo, showsSummary } from './echo.ts';
import { ownFailure } from './failure.ts';
import { itemId, responseId } from './ids.ts';
import { type Logprob, readLogprobs, withoutBytes } from './logprobs.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An item under way or ended, as it is shown. */
interface Item {
  readonly index: number;
  readonly id: string;
  fields: Record<string, unknown>;
}

/** A text under way. */
interface OpenText {
  readonly item: Item;
  readonly kind: 'output_text' | 'refusal' | 'reasoning_text' | 'summary_text';
  readonly at: number;
  text: string;
  readonly logprobs: Logprob[];
}

interface Blank {
  readonly text: string;
  readonly logprobs: readonly Logprob[];
}

const noBlank: Blank = { text: '', logprobs: [] };

interface OpenCall {
  readonly item: Item;
  text: string;
}

export interface ResponseOutput {
  write(head: AnswerHead, events: readonly AnswerEvent[], routing: () => RoutingMetadata): string;
  end(): string;
  fail(failure: Failure): string;
  /** The response as it stands. @param ending what became of it, if that is not in the events */
  object(ending?: 'cancelled' | Failure): Fields;
}

/** Where the pieces of a text go, and what it is called when it is whole. */
const textEvents = {
  output_text: { delta: 'response.output_text.delta', done: 'response.output_text.done', field: 'text' },
  refusal: { delta: 'response.refusal.delta', done: 'response.refusal.done', field: 'refusal' },
  reasoning_text: { delta: 'response.reasoning_text.delta', done: 'response.reasoning_text.done', field: 'text' },
  summary_text: { delta: 'response.reasoning_summary_text.delta', done: 'response.reasoning_summary_text.done', field: 'text' },
} as const;

export function createOutput(echo: Echo, name: string): ResponseOutput {
  return new Output(echo, name);
}

class Output implements ResponseOutput {
  readonly #echo: Echo;
  readonly #name: string;
  readonly #items: Item[] = [];
  readonly #calls = new Map<number, OpenCall>();
  #head: AnswerHead | null = null;
  #open: OpenText | null = null;
  /** White space before the first word of a message that is not there yet: line breaks between calls are no message of their own. */
  #blank = noBlank;
  #finish: FinishReason | null = null;
  #usage: Usage | null = null;
  #routing: RoutingMetadata | null = null;
  #status: 'in_progress' | 'completed' | 'incomplete' | 'failed' = 'in_progress';
  #failure: Failure | null = null;
  #sequence = 0;
  #frames = '';

  constructor(echo: Echo, name: string) {
    this.#echo = echo;
    this.#name = name;
  }

  write(head: AnswerHead, events: readonly AnswerEvent[], routing: () => RoutingMetadata): string {
    this.#begin(head);
    for (const [i, event] of events.entries()) {
      if (event.kind === 'usage') this.#usage = event.usage;
      else if (event.choice === 0 && event.kind === 'logprobs') this.#addLogprobs(events[i - 1], event.logprobs);
      else if (event.choice === 0) this.#add(event, events[i + 1], routing);
    }
    return this.#take();
  }

  end(): string {
    this.#begin(null);
    this.#closeAll('completed');
    const isWhole = this.#finish !== 'length' && this.#finish !== 'content_filter';
    this.#status = isWhole ? 'completed' : 'incomplete';
    this.#emit(isWhole ? 'response.completed' : 'response.incomplete', { response: this.object() });
    return this.#take();
  }

  fail(failure: Failure): string {
    this.#begin(null);
    this.#closeAll('incomplete', false);
    this.#status = 'failed';
    this.#failure = failure;
    const error = {
      type: errors[failure.code].type,
      code: failure.code,
      message: publicMessage(failure),
      param: failure.param ?? null,
    };
    // Official clients throw on the first, others look for the second. The nested object is what newer ones read.
    this.#emit('error', { code: error.code, message: error.message, param: error.param, error });
    this.#emit('response.failed', { response: this.object() });
    return this.#take();
  }

  object(ending: 'cancelled' | Failure | null = this.#failure): Fields {
    const failure = ending === 'cancelled' ? null : ending;
    const status = ending === 'cancelled' ? 'cancelled' : failure === null ? this.#status : 'failed';
    const { model, ...echo } = this.#echo;
    return {
      id: responseId(this.#name),
      object: 'response',
      created_at: this.#head?.created ?? 0,
      status,
      error: failure === null ? null : ownFailure(failure),
      incomplete_details: status === 'incomplete' ? { reason: incompleteReason(this.#finish) } : null,
      model: this.#head?.model ?? model,
      output: this.#items.map(({ fields }) => fields),
      access_programs: null,
      ...echo,
      ...(this.#usage === null ? {} : { usage: wireUsage(this.#usage) }),
      ...(this.#routing === null ? {} : { 'x-routing-metadata': this.#routing }),
    };
  }

  #begin(head: AnswerHead | null): void {
    this.#head = head ?? this.#head;
    if (this.#sequence > 0) return;
    this.#emit('response.created', { response: this.object() });
    this.#emit('response.in_progress', { response: this.object() });
  }

  #add(event: Exclude<AnswerEvent, { kind: 'usage' }>, next: AnswerEvent | undefined, routing: () => RoutingMetadata): void {
    if (event.kind === 'text') return this.#say(event.text, next?.kind === 'logprobs' ? readLogprobs(next.logprobs) : []);
    if (event.kind !== 'finish') this.#blank = noBlank;
    if (event.kind === 'refusal') this.#addText('refusal', event.text, []);
    else if (event.kind === 'reasoning')
      this.#addText(showsSummary(this.#echo) ? 'summary_text' : 'reasoning_text', event.text, []);
    else if (event.kind === 'call') this.#beginCall(event.index, event.id, event.name, event.arguments);
    else if (event.kind === 'call_arguments') this.#addArguments(event.index, event.arguments);
    else if (event.kind === 'call_end') this.#endCall(event.index, 'completed');
    else if (event.kind === 'finish') this.#end(event.reason, routing);
  }

  #end(reason: FinishReason, routing: () => RoutingMetadata): void {
    this.#finish = reason;
    // A model that has said nothing at all has given an empty text.
    if (reason === 'stop' && !this.#items.some(({ fields }) => fields['type'] !== 'reasoning'))
      this.#addText('output_text', this.#blank.text, this.#blank.logprobs);
    this.#closeAll(reason === 'length' || reason === 'content_filter' ? 'incomplete' : 'completed');
    this.#routing = routing();
  }

  #say(text: string, logprobs: readonly Logprob[]): void {
    if (this.#open?.kind === 'output_text') return this.#addText('output_text', text, logprobs);
    const all = { text: this.#blank.text + text, logprobs: [...this.#blank.logprobs, ...logprobs] };
    const isBlank = all.text.trim() === '';
    this.#blank = isBlank ? all : noBlank;
    if (!isBlank) this.#addText('output_text', all.text, all.logprobs);
  }

  #addText(kind: OpenText['kind'], text: string, logprobs: readonly Logprob[]): void {
    const open = this.#open?.kind === kind ? this.#open : this.#openText(kind);
    this.#open = open;
    open.text += text;
    open.logprobs.push(...logprobs);
    if (text === '') return;
    this.#emit(textEvents[kind].delta, {
      ...placeOf(open),
      delta: text,
      ...(kind === 'output_text' ? { logprobs: logprobs.map(withoutBytes) } : {}),
    });
  }

  /** Those of a piece have gone out with it; those of a whole answer come behind it. */
  #addLogprobs(before: AnswerEvent | undefined, logprobs: unknown): void {
    if (before?.kind !== 'text' && this.#open?.kind === 'output_text') this.#open.logprobs.push(...readLogprobs(logprobs));
  }

  #openText(kind: OpenText['kind']): OpenText {
    const last = this.#open;
    const isSameItem = last !== null && isSpoken(last.kind) && isSpoken(kind);
    if (last !== null) this.#closeText(last);
    if (last !== null && !isSameItem) this.#closeItem(last.item, 'completed');
    const item = isSameItem
      ? last.item
      : this.#openItem(isSpoken(kind) ? 'msg' : 'rs', isSpoken(kind) ? emptyMessage : emptyReasoning);
    const at = isSameItem ? last.at + 1 : 0;
    const open: OpenText = { item, kind, at, text: '', logprobs: [] };
    if (kind === 'summary_text') this.#emit('response.reasoning_summary_part.added', { ...placeOf(open), part: partOf(open) });
    else this.#emit('response.content_part.added', { ...placeOf(open), part: partOf(open) });
    return open;
  }

  /** Its whole text, as a piece of its item. */
  #closeText(open: OpenText): void {
    const { kind, text, logprobs, item } = open;
    const { done, field } = textEvents[kind];
    this.#emit(done, {
      ...placeOf(open),
      [field]: text,
      ...(kind === 'output_text' ? { logprobs: logprobs.map(withoutBytes) } : {}),
    });
    const part = partOf(open);
    this.#emit(kind === 'summary_text' ? 'response.reasoning_summary_part.done' : 'response.content_part.done', {
      ...placeOf(open),
      part,
    });
    this.#keepPart(item, kind, part);
  }

  #keepPart(item: Item, kind: OpenText['kind'], part: Fields): void {
    const field = kind === 'summary_text' ? 'summary' : 'content';
    const parts = item.fields[field];
    item.fields = { ...item.fields, [field]: [...(Array.isArray(parts) ? parts : []), part] };
  }

  #beginCall(index: number, callId: string, name: string, args: string): void {
    this.#closeOpen('completed');
    const item = this.#openItem('fc', { type: 'function_call', call_id: callId, name, arguments: '' });
    this.#calls.set(index, { item, text: '' });
    this.#addArguments(index, args);
  }

  #addArguments(index: number, args: string): void {
    const call = this.#calls.get(index);
    if (call === undefined || args === '') return;
    call.text += args;
    const { id, index: at } = call.item;
    this.#emit('response.function_call_arguments.delta', { item_id: id, output_index: at, delta: args });
  }

  #endCall(index: number, status: 'completed' | 'incomplete'): void {
    const call = this.#calls.get(index);
    if (call === undefined) return;
    this.#calls.delete(index);
    const { item, text } = call;
    item.fields = { ...item.fields, arguments: text };
    const whole = { item_id: item.id, output_index: item.index, arguments: text };
    if (status === 'completed') this.#emit('response.function_call_arguments.done', whole);
    this.#closeItem(item, status);
  }

  /** @param isShown with the events that say so */
  #closeAll(status: 'completed' | 'incomplete', isShown = true): void {
    if (isShown) {
      this.#closeOpen(status);
      for (const index of this.#calls.keys()) this.#endCall(index, 'incomplete');
      return;
    }
    // An answer that broke off: none of its parts is said to be whole.
    const open = this.#open;
    if (open !== null) this.#keepPart(open.item, open.kind, partOf(open));
    this.#open = null;
    for (const { item, text } of this.#calls.values()) item.fields = { ...item.fields, arguments: text };
    this.#calls.clear();
    for (const item of this.#items)
      if (item.fields['status'] === 'in_progress') item.fields = { ...item.fields, status: 'incomplete' };
  }

  #closeOpen(status: 'completed' | 'incomplete'): void {
    const open = this.#open;
    if (open === null) return;
    this.#open = null;
    this.#closeText(open);
    this.#closeItem(open.item, status);
  }

  #openItem(kind: 'msg' | 'rs' | 'fc', fields: Fields): Item {
    const index = this.#items.length;
    const id = itemId(kind, index, this.#name);
    const item: Item = { index, id, fields: { id, ...fields, status: 'in_progress' } };
    this.#items.push(item);
    this.#emit('response.output_item.added', { output_index: index, item: item.fields });
    return item;
  }

  #closeItem(item: Item, status: 'completed' | 'incomplete'): void {
    item.fields = { ...item.fields, status };
    this.#emit('response.output_item.done', { output_index: item.index, item: item.fields });
  }

  #emit(type: string, fields: Fields): void {
    this.#frames += `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: this.#sequence, ...fields })}\n\n`;
    this.#sequence += 1;
  }

  #take(): string {
    const frames = this.#frames;
    this.#frames = '';
    return frames;
  }
}

const emptyMessage: Fields = { type: 'message', role: 'assistant', content: [] };
const emptyReasoning: Fields = { type: 'reasoning', summary: [] };

function isSpoken(kind: OpenText['kind']): boolean {
  return kind === 'output_text' || kind === 'refusal';
}

function placeOf({ item, kind, at }: OpenText): Fields {
  const index = kind === 'summary_text' ? { summary_index: at } : { content_index: at };
  return { item_id: item.id, output_index: item.index, ...index };
}

function partOf({ kind, text, logprobs }: OpenText): Fields {
  if (kind === 'refusal') return { type: kind, refusal: text };
  return kind === 'output_text' ? { type: kind, annotations: [], logprobs: [...logprobs], text } : { type: kind, text };
}

function incompleteReason(reason: FinishReason | null): string {
  return reason === 'content_filter' ? 'content_filter' : 'max_output_tokens';
}

/** This wire has a number for everything; what a model server does not say is 0 here. */
function wireUsage(usage: Usage): Fields {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens ?? 0, cache_write_tokens: 0 },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: usage.promptTokens + usage.completionTokens,
    ...(usage.isEstimated ? { estimated: true } : {}),
  };
}
