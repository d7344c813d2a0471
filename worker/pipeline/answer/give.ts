/** Gives a client an answer that another request has paid for: rendered as it asks for, booked with what it saved. */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { RoutingMetadata } from '../../../shared/routing-metadata.ts';
import type { Usage } from '../../../shared/usage.ts';
import { type AnswerHead, eventsOf, type WholeAnswer } from '../../core/answer/whole-answer.ts';
import { normalisePrice, priceUsage } from '../../core/cost/price.ts';
import { ageOf, type FoundAnswer, givenAs } from '../../core/kept/cached-answer.ts';
import { streamRequestOf } from '../../core/request/inner-request.ts';
import { admitHit } from '../calls/reserve.ts';
import { finalMetadata } from '../run/metadata.ts';
import type { Run } from '../run/run.ts';
import { finish } from './finish.ts';

export type Found = FoundAnswer;

/** An answer that was not made for this request, ready to be sent; or why there is none. */
export type Given =
  /** `events`: a stream that is there in full. */
  | { readonly kind: 'json' | 'events'; readonly body: string; readonly metadata: RoutingMetadata }
  | { readonly kind: 'stream'; readonly body: ReadableStream<Uint8Array> }
  | { readonly kind: 'failed'; readonly failure: Failure };

/** What was kept by another configuration or for another key of the tenant may be of a model that is not to be had here. */
export function isUsable({ deps, asked }: Run, found: Found, maxAgeMs: number): boolean {
  const { modelId } = found;
  const isAllowed = asked.allowedModels === null || asked.allowedModels.has(modelId);
  return isAllowed && deps.config.chatModels[modelId] !== undefined && ageOf(found, deps.clock.now()) <= maxAgeMs;
}

/** It takes its place in the key's rate. */
export async function giveKept(run: Run, found: Found): Promise<Result<Given, Failure>> {
  const refusal = await admitHit(run);
  return refusal === null ? giveWhole(run, found, 'hit') : fail(refusal);
}

/** The request is over with it. */
export function giveWhole(run: Run, found: Found, state: 'hit' | 'shared'): Result<Given, never> {
  const { deps, asked, tried, client } = run;
  const { surface, trace } = asked.caller;
  trace?.enter('answer');
  const nowMs = deps.clock.now();
  client.servedModelId = found.modelId;
  client.firstByteAtMs = nowMs;
  const isHit = state === 'hit';
  const told = { ageMs: isHit ? ageOf(found, nowMs) : null, level: isHit ? found.level : null };
  client.cache = { ...client.cache, state, ...told, keeps: false };
  noteGiven(run, found.answer, found.usage);
  const metadata = finalMetadata(run, nowMs);
  const answer = givenAs(found, headFor(run, nowMs));
  const usage = { kind: 'usage', usage: found.usage } as const;
  const asStream = streamRequestOf(asked.request, asked.view.estimatedPromptTokens);
  if (!tried.isStreamed) client.kept?.whole(answer, found.usage, metadata);
  const given: Given = tried.isStreamed
    ? {
        kind: 'events',
        body:
          [eventsOf(answer), [usage]].map((events) => client.writer.write(answer.head, events, () => metadata)).join('') +
          client.writer.end(),
        metadata,
      }
    : { kind: 'json', body: surface.writeWhole(answer, found.usage, metadata, asStream, client.answerName), metadata };
  finish(run, { kind: 'ok' });
  return ok(given);
}

/** For the ledger, and for what the conversation remembers. */
export function noteGiven({ deps, spent, client }: Run, answer: WholeAnswer, usage: Usage): void {
  const price = client.servedModelId === null ? undefined : deps.config.chatModels[client.servedModelId]?.price;
  spent.given = { answer, savedNanoUsd: price === undefined ? 0 : priceUsage(normalisePrice(price), usage) };
}

/** Every answer has an id and a time of its own. */
export function headFor({ asked }: Run, nowMs: number): Omit<AnswerHead, 'model'> {
  const { surface, requestId } = asked.caller;
  return { id: surface.answerId(requestId), created: Math.floor(nowMs / 1000) };
}
