/**
 * The beginning of a request whose answer is to be kept: for its idempotency key, so that a repeat gets the same answer, or to be resumed.
 * Decided by the object in one step: this request runs, follows one that runs, or gets what an earlier one got.
 */
import { streamRequestOf } from '../../core/request/inner-request.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { idempotencyTtlMs, inFlight, keptEnding } from '../../core/kept/idempotency.ts';
import type { KeptOpening, KeptPage } from '../../core/kept/kept-answer.ts';
import { silentMs } from '../../core/kept/log.ts';
import type { KeptPlace } from '../../core/kept/ports.ts';
import type { Ending } from '../../../shared/records.ts';
import { metadataOf } from '../run/metadata.ts';
import type { Run } from '../run/run.ts';
import { endedAnswer, followedAnswer, type Following, type SentAnswer } from './follow.ts';
import { keepRun, type KeptRunOptions } from './kept-run.ts';

/** Followers of a broken answer hear of it within this time. */
const brokenForMs = 60_000;
/** A run that may be dead is looked at again after this time, until it is known to be. */
const lookAgainMs = 1000;

/** Whether anything is kept at all: nearly always not, and then nobody is asked. */
export function isToBeKept({ asked: { caller, request } }: Run): boolean {
  return caller.idempotency !== null || caller.stored !== null || (caller.isResumable && request.isStream);
}

/** Null: run. Otherwise the answer to give. */
export async function beginKept(run: Run): Promise<Result<SentAnswer | null, Failure>> {
  const { deps, asked } = run;
  const { caller, request } = asked;
  const options = optionsFor(run);
  const { place, opening } = options;
  for (const untilMs = deps.clock.now() + silentMs + lookAgainMs; ;) {
    const opened = await deps.kept.open(place, opening);
    if (!opened.ok) {
      // The place may have been taken before the connection to the object was lost.
      if (opened.failure.code === 'state_unavailable') caller.background(giveUp(run, options));
      return opened;
    }
    const { value } = opened;
    if (value.kind === 'mismatch') return fail({ code: 'idempotency_mismatch' });
    if (value.kind === 'full')
      return fail({ code: 'concurrency_limit_exceeded', detail: 'Too many answers of this tenant are being kept at once.' });
    if (value.kind === 'lead') {
      keepRun(run, options);
      return ok(null);
    }
    const { page } = value;
    const mayBeDead = page.ending === null && !page.isHeard && request.isStream;
    if (!mayBeDead || deps.clock.now() >= untilMs) return follow(run, place, page);
    await pause(run, lookAgainMs);
    if (caller.signal.aborted) return fail({ code: 'client_closed_request' });
  }
}

/** Nothing ran: the place is free again. */
export function abandonKept(run: Run, failure: Failure): void {
  run.client.kept?.end(keptEnding('upstream_error', failure, metadataOf(run)));
}

/** What is left of a run that is over. */
export function endKept(run: Run, ending: Ending, failure: Failure | null): void {
  run.client.kept?.end(keptEnding(ending, failure, metadataOf(run)));
}

function optionsFor({ deps, asked, spent }: Run): KeptRunOptions {
  const { caller, request } = asked;
  const { idempotency, isResumable, stored } = caller;
  const { grace_ms: graceMs, lifetime_ms: lifetimeMs } = deps.config.routing.kept;
  const { retention_ms: storedMs } = deps.config.surfaces.responses;
  const hasIds = (isResumable || stored !== null) && request.isStream;
  const wanted = [
    idempotency === null ? 0 : idempotencyTtlMs,
    isResumable && request.isStream ? lifetimeMs : 0,
    stored === null ? 0 : storedMs,
  ];
  const writerId = spent.runId;
  const opening: KeptOpening = {
    writerId,
    fingerprint: idempotency?.fingerprint ?? '',
    surface: caller.surface.path,
    request: streamRequestOf(request, asked.view.estimatedPromptTokens),
    requestId: caller.requestId,
    isStream: request.isStream,
    hasIds,
    lifetimeMs: Math.max(...wanted),
    brokenLifetimeMs: hasIds ? lifetimeMs : brokenForMs,
    ...(stored === null ? {} : { stored }),
  };
  const place = { tenantId: caller.key.tenantId, id: idempotency?.id ?? writerId };
  return { place, opening, graceMs: isResumable && request.isStream ? graceMs : 0, isSole: idempotency !== null };
}

async function follow(run: Run, place: KeptPlace, page: KeptPage): Promise<Result<SentAnswer, Failure>> {
  const { deps, asked } = run;
  const { caller } = asked;
  const following: Following = { deps, place, surface: caller.surface, background: caller.background, after: 0 };
  let begun = page;
  if (page.ending === null) {
    if (!page.opening.isStream || page.isTooLong) return fail(inFlight(page.isHeard, page.quietMs));
    // An error before the first event has its true status, as it had for the one that is followed.
    if (page.pieces.length === 0) begun = (await firstOf(run, place, page)) ?? page;
  }
  deps.ledger.replay(caller.key.id, caller.agent, caller.background);
  if (begun.ending === null) return ok(followedAnswer(following, begun));
  const isFree = begun.ending.kind === 'failed' && !begun.ending.isFinal && begun.pieces.length === 0;
  if (isFree && begun.ending.kind === 'failed') return fail(begun.ending.failure);
  return ok(endedAnswer(following, begun, begun.ending));
}

async function firstOf({ deps }: Run, place: KeptPlace, { opening }: KeptPage): Promise<KeptPage | null> {
  const { hold_status_ms: holdMs } = deps.config.routing.streaming;
  return deps.kept.read(place, opening.writerId, 0, holdMs).catch(() => null);
}

/** Frees a place that may have been taken. Never rejects. */
export async function giveUp(run: Run, { place, opening }: KeptRunOptions): Promise<void> {
  const ending = keptEnding('upstream_error', { code: 'state_unavailable' }, metadataOf(run));
  for (let attempt = 1; attempt <= 6; attempt += 1) {
    try {
      await run.deps.kept.append(place, { writerId: opening.writerId, from: 0, pieces: [], ending });
      return;
    } catch {
      await pause(run, 200 * attempt);
    }
  }
}

function pause({ deps }: Run, ms: number): Promise<void> {
  return new Promise((resolve) => void deps.timers.once(ms, resolve));
}
