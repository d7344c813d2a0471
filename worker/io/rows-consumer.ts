/** What the queue brings back: rows of many isolates, into the database in one statement; where it does not take them, into the outbox. */
import type { LogPort } from '../core/ports.ts';
import type { RowStorePort } from '../core/rows/ports.ts';
import type { RowsObjectBase } from '../objects/rows-object.ts';
import { callObject } from './object-call.ts';

/** A consumer may wait, and the queue holds on meanwhile. */
const insertMs = 10_000;
const retrySeconds = 30;

export interface RowsConsumerOptions {
  readonly store: RowStorePort;
  readonly outbox: Pick<DurableObjectNamespace<RowsObjectBase>, 'getByName'>;
  readonly log: LogPort;
}

/** Rows as one message: JSON has no line breaks of its own. */
export function messageText(rows: readonly string[]): string {
  return rows.join('\n');
}

export async function consumeRows(batch: MessageBatch, { store, outbox, log }: RowsConsumerOptions): Promise<void> {
  const rows = batch.messages.flatMap(({ body }) => (typeof body === 'string' ? body.split('\n') : []));
  const result = await store.insert(rows, { timeoutMs: insertMs });
  const refused = result.ok ? result.value.refused.length : 0;
  if (!result.ok) log.write('warn', 'request_log_unavailable', { kind: result.failure.kind, sqlState: result.failure.sqlState });
  if (result.ok && refused === 0) return batch.ackAll();
  const callId = crypto.randomUUID();
  try {
    await callObject(
      () => outbox.getByName('rows'),
      async (object) => object.append(result.ok ? [] : rows, { dropped: 0, refused }, callId),
      { attempts: 3, pauseMs: 100 },
    );
    batch.ackAll();
  } catch (error) {
    log.write('warn', 'request_log_outbox_unavailable', { error });
    batch.retryAll({ delaySeconds: retrySeconds });
  }
}
