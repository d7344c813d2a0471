/**
 * One call for identical requests at the same time: the first one leads, and its answer is kept as it comes; the others follow what is kept,
 * each in its own form. What the leader has left is the second level of the cache. Where the state cannot be had, is slow or full, a
 * request runs by itself.
 */
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import type { CacheUse } from '../../core/kept/cache-policy.ts';
import type { CachedAnswer } from '../../core/kept/cached-answer.ts';
import { isLeadersOwn } from '../../core/kept/flight.ts';
import type { KeptEnding, KeptOpened, KeptPage } from '../../core/kept/kept-answer.ts';
import { wholeOfPieces } from '../../core/kept/pieces.ts';
import type { KeptPlace } from '../../core/kept/ports.ts';
import { streamRequestOf } from '../../core/request/inner-request.ts';
import { admitHit } from '../calls/reserve.ts';
import { giveUp } from '../kept/begin.ts';
import { nextPage } from '../kept/follow.ts';
import { keepRun, type KeptRunOptions } from '../kept/kept-run.ts';
import type { Run } from '../run/run.ts';
import { type Found, type Given, giveKept, giveWhole, isUsable } from './give.ts';
import { mayKeep, placeOf } from './keep-answer.ts';
import { relayFlight } from './relay-flight.ts';

/** A request whose leader has failed by itself leads the next time, or follows another one; then it runs alone. */
const mostRounds = 3;
/** Objects answer in milliseconds; a model answers in hundreds. */
const openMs = 500;
/** How long those who follow may take to read the end of an answer that is not kept. */
const passingMs = 30_000;
/** Longest wait of one call for the end of an answer. */
const readMs = 5000;
/** Behind every piece: only its end is waited for. */
const theEnd = Number.MAX_SAFE_INTEGER;

/** Null: run, as the leader or alone. Otherwise what came of the flight. */
export async function joinFlight(run: Run, key: string, use: CacheUse): Promise<Result<Given | null, Failure>> {
  // A run that is kept already has a log of its own.
  if (!use.shares || run.client.kept !== null) return ok(null);
  const id = await run.deps.digest(key);
  for (let round = 0, { isFresh } = use; round < mostRounds; round += 1) {
    const options = optionsFor(run, id, isFresh);
    const opened = await openInTime(run, options);
    if (opened === null || opened.kind === 'full' || opened.kind === 'mismatch') return ok(null);
    if (opened.kind === 'lead') {
      keepRun(run, options);
      return ok(null);
    }
    const { page } = opened;
    const isOver = page.ending !== null;
    const found = keptIn(run, page);
    if (found !== null && use.reads && isUsable(run, found, use.maxAgeMs)) return remember(run, key, found);
    // Too old for this request: its own answer takes the place.
    if (found !== null) isFresh = true;
    else if (isOver || use.isFresh || page.isTooLong || !page.isHeard) return ok(null);
    else {
      const followed = await follow(run, options.place, page);
      if (followed !== 'again') return followed;
    }
  }
  return ok(null);
}

/** What is kept there, for a request that runs nothing. */
export async function readFlight(run: Run, key: string, use: CacheUse): Promise<Found | null> {
  if (!use.reads || !use.shares) return null;
  const place = { tenantId: run.asked.caller.key.tenantId, id: await run.deps.digest(key) };
  const page = await run.deps.kept.read(place, null, 0, 0).catch(() => null);
  const found = page === null ? null : keptIn(run, page);
  return found !== null && isUsable(run, found, use.maxAgeMs) ? found : null;
}

/** The next request finds it nearer. */
function remember(run: Run, key: string, found: Found): Promise<Result<Given, Failure>> {
  const { deps, asked } = run;
  const forMs = deps.config.cache.ttl_ms - (deps.clock.now() - found.keptAtMs);
  if (forMs > 0) deps.answers.put(placeOf(run, key), withoutLevel(found), forMs, asked.caller.background);
  return giveKept(run, found);
}

function withoutLevel({ level: _level, ...answer }: Found): CachedAnswer {
  return answer;
}

function keptIn(run: Run, page: KeptPage): Found | null {
  const { ending } = page;
  return ending?.kind === 'complete' && ending.isPassing !== true ? foundIn(page, ending, run) : null;
}

function optionsFor(run: Run, id: string, replaces: boolean): KeptRunOptions {
  const { deps, asked, spent } = run;
  const { caller, request } = asked;
  return {
    place: { tenantId: caller.key.tenantId, id },
    opening: {
      writerId: spent.runId,
      fingerprint: id,
      surface: caller.surface.path,
      request: streamRequestOf(request, asked.view.estimatedPromptTokens),
      requestId: caller.requestId,
      isStream: request.isStream,
      hasIds: false,
      lifetimeMs: deps.config.cache.ttl_ms,
      brokenLifetimeMs: passingMs,
      replaces,
    },
    graceMs: 0,
    isSole: false,
    asKept: (ending) => keptOf(ending, mayKeep(run, ending.kind === 'complete')),
  };
}

/** Nothing that failed is given to anybody later, and of the rest only what the policy keeps. */
function keptOf(ending: KeptEnding, isKept: boolean): KeptEnding {
  if (ending.kind === 'complete') return isKept ? ending : { ...ending, isPassing: true };
  return ending.kind === 'failed' ? { ...ending, isFinal: false } : ending;
}

/** Null where it cannot be had in time: then what was taken late is given back. */
async function openInTime(run: Run, options: KeptRunOptions): Promise<KeptOpened | null> {
  const { deps, asked } = run;
  const opening = deps.kept.open(options.place, options.opening);
  let cancel = (): void => undefined;
  const late = new Promise<null>((resolve) => (cancel = deps.timers.once(openMs, () => resolve(null))));
  const opened = await Promise.race([opening, late]);
  cancel();
  if (opened === null) {
    asked.caller.background(
      opening.then((value) => (value.ok && value.value.kind !== 'lead' ? undefined : giveUp(run, options))),
    );
    return null;
  }
  if (opened.ok) return opened.value;
  asked.caller.background(giveUp(run, options));
  return null;
}

/** `again`: the leader has failed by itself, before anything was shown. */
async function follow(run: Run, place: KeptPlace, page: KeptPage): Promise<Result<Given, Failure> | 'again'> {
  const refusal = await admitHit(run);
  if (refusal !== null) return fail(refusal);
  return run.tried.isStreamed ? followStream(run, place, page) : followWhole(run, place, page);
}

/** An error before the first piece has its true status, as it has for the leader. */
async function followStream(run: Run, place: KeptPlace, page: KeptPage): Promise<Result<Given, Failure> | 'again'> {
  const { deps, asked } = run;
  const untilMs = deps.clock.now() + deps.config.routing.streaming.hold_status_ms;
  let first = page;
  while (first.pieces.length === 0 && first.ending === null && deps.clock.now() < untilMs) {
    const next = await nextPage({ deps, place }, first, async () => undefined);
    if ('code' in next) return 'again';
    if (asked.caller.signal.aborted) return ok(gone);
    first = next;
  }
  if (first.pieces.length === 0 && first.ending !== null && first.ending.kind !== 'complete') return failed(first.ending);
  const pipe = deps.openPipe();
  asked.caller.background(relayFlight(run, place, first, pipe));
  return ok({ kind: 'stream', body: pipe.readable });
}

async function followWhole(run: Run, place: KeptPlace, page: KeptPage): Promise<Result<Given, Failure> | 'again'> {
  const { deps, asked } = run;
  const { writerId } = page.opening;
  try {
    for (;;) {
      const end = await deps.kept.read(place, writerId, theEnd, readMs);
      if (end === null || end.isTooLong) return 'again';
      if (asked.caller.signal.aborted) return ok(gone);
      if (end.ending === null) continue;
      if (end.ending.kind !== 'complete') return failed(end.ending);
      const whole = await deps.kept.read(place, writerId, 0, 0);
      const found = whole?.ending?.kind === 'complete' ? foundIn(whole, whole.ending, run) : null;
      return found === null ? 'again' : giveWhole(run, found, 'shared');
    }
  } catch {
    return 'again';
  }
}

const gone: Given = { kind: 'failed', failure: { code: 'client_closed_request' } };

/** What has failed at the model servers fails for all: a retry of each would multiply the outage. */
function failed(ending: Exclude<KeptEnding, { kind: 'complete' }>): Result<Given, Failure> | 'again' {
  if (ending.kind === 'cancelled' || isLeadersOwn(ending)) return 'again';
  return ok({ kind: 'failed', failure: ending.failure });
}

function foundIn(page: KeptPage, { metadata }: Extract<KeptEnding, { kind: 'complete' }>, { deps }: Run): Found | null {
  const { answer, usage } = wholeOfPieces(page.pieces);
  if (usage === null || metadata.model_id === null) return null;
  return { answer, usage, modelId: metadata.model_id, keptAtMs: deps.clock.now() - page.quietMs, level: 'objects' };
}
