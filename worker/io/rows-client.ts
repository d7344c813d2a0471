/**
 * The way of a request's row from the isolate where it ended: collected for half a second, then to the queue where there is one, else straight
 * into the database; what either does not take goes to the outbox, and what not even that takes stays here for the next time.
 */
import type { RowsStatus } from '../../shared/rows-status.ts';
import type { HideSecrets } from '../core/log/known-secrets.ts';
import type { Background, Clock, LogPort } from '../core/ports.ts';
import type { RowsPort, RowStorePort } from '../core/rows/ports.ts';
import { type EndedRequest, rowJson } from '../core/rows/request-row.ts';
import { fitsMessage, type RowMessage, RowQueue } from '../core/rows/row-queue.ts';
import type { RowsObjectBase } from '../objects/rows-object.ts';
import { Carrier } from './carrier.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';
import { messageText } from './rows-consumer.ts';

const collectMs = 500;
/** So many rows are sent at once, without waiting for the rest of the half second. */
const fullAt = 200;
/** A request's background time is 30 s, and a carrier may need it several times. */
const insertMs = 3000;
/** After a failure nothing is tried for so long: everything goes to the outbox, which tries for all. */
const avoidMs = 5000;

export interface RowsClientOptions {
  readonly outbox: Namespace<RowsObjectBase>;
  /** Null where none is bound. */
  readonly queue: Queue | null;
  readonly store: RowStorePort;
  readonly hideSecrets: HideSecrets;
  readonly clock: Clock;
  readonly log: LogPort;
}

export function createRowsClient({ outbox, queue, store, hideSecrets, clock, log }: RowsClientOptions): RowsPort {
  const rows = new RowQueue<EndedRequest>(rowJson);
  const stub = (): DurableObjectStub<RowsObjectBase> => outbox.getByName('rows');
  let avoidsUntilMs = 0;
  let isAwake = false;

  const toQueue = async (message: RowMessage): Promise<boolean> => {
    if (queue === null || message.rows.length === 0 || !fitsMessage(message)) return false;
    try {
      await queue.send(messageText(message.rows), { contentType: 'text' });
      return true;
    } catch (error) {
      log.write('warn', 'request_log_queue_unavailable', { error });
      return false;
    }
  };

  /** What is in neither place yet. */
  const toDatabase = async ({ rows: all, lost }: RowMessage): Promise<RowMessage> => {
    if (queue !== null || clock.now() < avoidsUntilMs) return { rows: all, lost };
    const result = await store.insert(all, { timeoutMs: insertMs });
    if (result.ok) return { rows: [], lost: { ...lost, refused: lost.refused + result.value.refused.length } };
    avoidsUntilMs = clock.now() + avoidMs;
    log.write('warn', 'request_log_unavailable', { kind: result.failure.kind, sqlState: result.failure.sqlState });
    return { rows: all, lost };
  };

  const toOutbox = async ({ rows: left, lost }: RowMessage): Promise<boolean> => {
    if (left.length + lost.dropped + lost.refused === 0) return true;
    const callId = crypto.randomUUID();
    try {
      await callObject(stub, async (object) => object.append(left, lost, callId), { attempts: 3, pauseMs: 100 });
      return true;
    } catch (error) {
      log.write('warn', 'request_log_outbox_unavailable', { error });
      return false;
    }
  };

  const deliver = async (message: RowMessage): Promise<void> => {
    const isQueued = await toQueue(message);
    const left = isQueued ? { ...message, rows: [] } : await toDatabase(message);
    if (!(await toOutbox(left))) rows.putBack(left);
  };

  const wake = async (): Promise<void> => {
    if (isAwake) return;
    isAwake = true;
    await callObject(stub, async (object) => object.wake(), { attempts: 2, pauseMs: 100 }).catch(() => (isAwake = false));
  };

  const send = async (): Promise<void> => {
    for (const message of rows.take()) await deliver(message);
    await wake();
  };
  const carrier = new Carrier(clock, collectMs, { hasUnsent: () => !rows.isEmpty, send });

  return {
    hideSecrets,
    record(ended: EndedRequest, background: Background) {
      rows.add(ended);
      if (rows.size >= fullAt) background(send());
      carrier.see(background);
    },
    status: () => callObject(stub, async (object): Promise<RowsStatus> => object.status(), { attempts: 3, pauseMs: 50 }),
  };
}
