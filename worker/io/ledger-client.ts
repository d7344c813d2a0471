/**
 * Sends what an isolate has counted to the ledger object, in batches. One request carries a batch for the others: the one that fills
 * it, or the one that opened it, after half a second in its own background time (measured: half the CPU of every request waiting).
 */
import type { KeyBreakdown, KeySeen, KeyUsage, LedgerEntry, Stats } from '../../shared/records.ts';
import {
  addEntry,
  addFeedback,
  addShadow,
  addRefusal,
  addReplay,
  type Batch,
  type BatcherStep,
  confirmBatch,
  createBatcher,
  failBatch,
  flushWhenDue,
  hasUnsent,
} from '../core/ledger/batch.ts';
import type { LedgerDelta } from '../core/ledger/delta.ts';
import { toStats } from '../core/ledger/stats.ts';
import type { Background, Clock, LedgerPort, LogPort } from '../core/ports.ts';
import type { LedgerObjectBase } from '../objects/ledger-object.ts';
import { callObject } from './object-call.ts';

/** A little more than the batch's age limit, so that the timer finds it due. */
const carryMs = 520;
/** After this long whoever had something to deliver has done so. */
const othersMs = 1100;
/** A carrier that has not come back by then is gone with its request; the next request carries instead. */
const carrierLostMs = 5000;
/** A carrier gives up before its request's background time (30 s) does; the entries stay for the next request. */
const maxRounds = 12;

export function createLedgerClient(
  namespace: DurableObjectNamespace<LedgerObjectBase>,
  options: { readonly senderId: string; readonly shards: number; readonly clock: Clock; readonly log: LogPort },
): LedgerPort {
  const { clock, log } = options;
  const root = () => namespace.getByName('root');
  const shards = Array.from({ length: options.shards }, (_, i) => () => namespace.getByName(`shard:${i}`));
  // One isolate always writes to the same shard, whose memory of it tells a repeat from a new batch.
  const own = shards[shardOf(options.senderId, shards.length)] ?? root;
  let state = createBatcher(options.senderId);
  let carriedSinceMs: number | null = null;

  const take = (step: BatcherStep): Batch | null => {
    state = step.state;
    return step.flush;
  };

  /** Delivers a batch and those that came together meanwhile; when the object cannot be reached they stay. */
  const send = async (batch: Batch | null): Promise<void> => {
    for (let next = batch; next !== null;) {
      const current = next;
      try {
        const verdict = await callObject(own, (ledger) => ledger.bookForRoot(current), { attempts: 4, pauseMs: 100 });
        if (verdict === 'too_old') log.write('error', 'ledger_batch_too_old', { sequence: current.sequence });
        next = take(confirmBatch(state, current.sequence, clock.now()));
      } catch (error) {
        log.write('warn', 'ledger_unavailable', { error });
        state = failBatch(state, current.sequence);
        return;
      }
    }
  };

  /** The root has then what the shards have. */
  const passOn = async (): Promise<void> => {
    await Promise.all(shards.map((shard) => callObject(shard, (ledger) => ledger.passOn(), { attempts: 3, pauseMs: 50 })));
  };

  const isCarried = (): boolean => carriedSinceMs !== null && clock.now() - carriedSinceMs < carrierLostMs;

  /**
   * Waits half a second, then delivers, until nothing is left: what came together while another batch was under way would wait for the
   * next request otherwise. From waking on, a new entry finds itself another carrier.
   */
  const carry = async (): Promise<void> => {
    for (let round = 0; round < maxRounds; round += 1) {
      carriedSinceMs = clock.now();
      await new Promise((resolve) => setTimeout(resolve, carryMs));
      carriedSinceMs = null;
      await send(take(flushWhenDue(state, clock.now())));
      if (isCarried() || !hasUnsent(state)) return;
    }
  };

  const add = (step: BatcherStep, background: Background): void => {
    const batch = take(step);
    if (batch !== null) background(send(batch));
    if (!isCarried() && hasUnsent(state)) background(carry());
  };

  return {
    record: (entry: LedgerEntry, background) => add(addEntry(state, entry, clock.now()), background),
    feedback: (names, rating, background) => add(addFeedback(state, { names, ...rating }, clock.now()), background),
    shadow: (booking, background) => add(addShadow(state, booking, clock.now()), background),
    replay: (keyId, agent, background) => add(addReplay(state, keyId, agent, clock.now()), background),
    refuse: (code, background) => add(addRefusal(state, code, clock.now()), background),
    async read(watch): Promise<Stats> {
      await passOn();
      const total: LedgerDelta = JSON.parse(await callObject(root, (ledger) => ledger.total(), { attempts: 3, pauseMs: 50 }));
      return toStats(total, watch, clock.now());
    },

    async usageOf(keyId): Promise<KeyUsage> {
      return callObject(root, async (ledger): Promise<KeyUsage> => ledger.usageOf(keyId), { attempts: 3, pauseMs: 50 });
    },

    async keysSeen(keyIds): Promise<readonly KeySeen[]> {
      return callObject(root, async (ledger): Promise<readonly KeySeen[]> => ledger.keysSeen(keyIds), {
        attempts: 3,
        pauseMs: 50,
      });
    },

    async breakdownOf(keyId, by): Promise<KeyBreakdown> {
      return callObject(root, async (ledger): Promise<KeyBreakdown> => ledger.breakdownOf(keyId, by), {
        attempts: 3,
        pauseMs: 50,
      });
    },

    async reset() {
      await send(take(flushWhenDue({ ...state, openedAtMs: state.openedAtMs === null ? null : 0 }, clock.now())));
      // Other isolates and tenants are on their way with theirs.
      await new Promise((resolve) => setTimeout(resolve, othersMs));
      await passOn();
      await callObject(root, async (ledger) => ledger.reset(), { attempts: 3, pauseMs: 50 });
    },
  };
}

/** Spreads isolates evenly: their ids are random. */
function shardOf(senderId: string, count: number): number {
  let sum = 0;
  for (let i = 0; i < senderId.length; i += 1) sum = (sum * 31 + senderId.charCodeAt(i)) >>> 0;
  return sum % Math.max(1, count);
}
