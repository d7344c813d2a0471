/**
 * Requests with an idempotency key: the first one runs and its whole answer is kept, a repeat gets that answer, streams included. A
 * broken answer is never kept. What is kept is what was sent, byte for byte.
 */
import { errors, type Failure, shouldRetry } from '../../../shared/errors.ts';
import { headerNames } from '../../../shared/headers.ts';
import { encodeMetadataHeader } from '../../../shared/routing-metadata.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { recordAfterEnding, type StoredAnswer } from '../../core/kept/idempotency.ts';
import { leaseMs } from '../../core/limits/heartbeat.ts';
import type { ClientPipe } from '../../core/ports.ts';
import { metadataOf } from '../run/metadata.ts';
import type { Parts, Run } from '../run/run.ts';

/** A longer answer is not kept; see `recordAfterEnding`. */
const maxRecordedChars = 500_000;

type Keeping = Parts<'deps' | 'asked' | 'spent' | 'client'>;

/** Null: run. Otherwise the answer to give again. */
export async function beginIdempotent(run: Keeping): Promise<Result<StoredAnswer | null, Failure>> {
  const { deps, asked, spent, client } = run;
  const { idempotency, key, agent, background } = asked.caller;
  if (idempotency === null) return ok(null);
  const runsUntilMs = deps.clock.now() + leaseMs;
  const { fingerprint } = idempotency;
  const begun = await deps.tenants.begin(key.tenantId, idempotency.key, { fingerprint, runId: spent.runId, runsUntilMs });
  if (!begun.ok) {
    // Nobody knows whether the key was taken before the object was lost.
    if (begun.failure.code === 'state_unavailable') background(freeKey(run, idempotency.key));
    return fail(begun.failure);
  }
  if (begun.value.action === 'replay') {
    deps.ledger.replay(key.id, agent, background);
    return ok(begun.value.answer);
  }
  client.recording = { record: begun.value.record, text: '' };
  return ok(null);
}

/** The same pipe, remembering what is written to it. */
export function recordingPipe({ recording }: Run['client'], pipe: ClientPipe): ClientPipe {
  if (recording === null) return pipe;
  const decoder = new TextDecoder();
  return {
    ...pipe,
    write(bytes) {
      if (recording.text.length <= maxRecordedChars) recording.text += decoder.decode(bytes, { stream: true });
      return pipe.write(bytes);
    },
  };
}

/** Keeps the answer, or frees the key. */
export function endIdempotent(run: Run, entry: LedgerEntry, failure: Failure | null): void {
  const { deps, asked, spent, client } = run;
  const { idempotency, key, background } = asked.caller;
  if (client.recording === null || idempotency === null) return;
  const kept = recordAfterEnding(client.recording.record, {
    ending: entry.ending,
    errorCode: entry.errorCode,
    answer: answerOf(run, failure),
  });
  background(deps.tenants.keep(key.tenantId, idempotency.key, spent.runId, kept));
}

/** Nothing ran: the key is free again. */
export function abandonIdempotent(run: Keeping): void {
  const { idempotency, background } = run.asked.caller;
  if (run.client.recording !== null && idempotency !== null) background(freeKey(run, idempotency.key));
}

function freeKey({ deps, asked, spent }: Keeping, key: string): Promise<void> {
  return deps.tenants.keep(asked.caller.key.tenantId, key, spent.runId, null);
}

function answerOf(run: Run, failure: Failure | null): StoredAnswer {
  const metadata = metadataOf(run);
  const routing = [headerNames.routingMetadata, encodeMetadataHeader(metadata)] as const;
  if (failure !== null) {
    const headers = [
      ['content-type', 'application/json'],
      [headerNames.shouldRetry, String(shouldRetry(failure.code))],
      routing,
    ] as const;
    const body = run.asked.caller.surface.writeError(failure, metadata);
    return { status: errors[failure.code].status, headers, body };
  }
  const type = run.tried.isStreamed ? 'text/event-stream; charset=utf-8' : 'application/json';
  return { status: 200, headers: [['content-type', type], routing], body: run.client.recording?.text ?? '' };
}
