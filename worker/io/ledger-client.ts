/** The ledger's objects behind their port: what an isolate counts goes to its own shard, what is read is in the root. */
import type { RequestDetail, RequestList, Series } from '../../shared/observed.ts';
import type { KeyBreakdown, KeySeen, KeyUsage, Stats } from '../../shared/records.ts';
import { addDocuments, addEntry, addFeedback, addRefusal, addReplay, addShadow } from '../core/ledger/batch.ts';
import type { LedgerDelta } from '../core/ledger/delta.ts';
import { rangeFrom, toSeries } from '../core/ledger/series-view.ts';
import { toStats } from '../core/ledger/stats.ts';
import type { Clock, LedgerPort } from '../core/ports.ts';
import type { LedgerObjectBase } from '../objects/ledger-object.ts';
import { LedgerSender, type SenderOptions } from './ledger-sender.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

type StubOf = () => DurableObjectStub<LedgerObjectBase>;

/** After this time every isolate has delivered what it had. */
const othersMs = 1100;
const readOptions = { attempts: 3, pauseMs: 50 };

export function createLedgerClient(
  namespace: Namespace<LedgerObjectBase>,
  options: SenderOptions & { readonly shards: number },
): LedgerPort {
  const root: StubOf = () => namespace.getByName('root');
  const shards = Array.from(
    { length: options.shards },
    (_, i): StubOf =>
      () =>
        namespace.getByName(`shard:${i}`),
  );
  // One isolate always writes to the same shard, whose memory of it tells a repeat from a new batch.
  const sender = new LedgerSender(shards[shardOf(options.senderId, shards.length)] ?? root, options);
  const { clock } = options;
  return {
    record: (entry, background) => sender.add(addEntry(sender.begun(), entry, clock.now()), background),
    feedback: (names, rating, background) =>
      sender.add(addFeedback(sender.begun(), { names, ...rating }, clock.now()), background),
    shadow: (booking, background) => sender.add(addShadow(sender.begun(), booking, clock.now()), background),
    replay: (keyId, agent, background) => sender.add(addReplay(sender.begun(), keyId, agent, clock.now()), background),
    documents: (work, background) => sender.add(addDocuments(sender.begun(), work, clock.now()), background),
    refuse: (code, background) => sender.add(addRefusal(sender.begun(), code, clock.now()), background),
    ...createWholeReader(root, shards, clock),
    ...createKeyReader(root),

    async reset() {
      await sender.sendAll();
      // Other isolates and tenants are on their way with theirs.
      await new Promise((resolve) => setTimeout(resolve, othersMs));
      await passOn(shards);
      await callObject(root, async (ledger) => ledger.reset(), readOptions);
    },
  };
}

/** Of all requests: the root is asked when it has what the shards have. */
function createWholeReader(
  root: StubOf,
  shards: readonly StubOf[],
  clock: Clock,
): Pick<LedgerPort, 'read' | 'series' | 'counted' | 'recent'> {
  const readTotal = async (): Promise<LedgerDelta> => JSON.parse(await callObject(root, (ledger) => ledger.total(), readOptions));
  return {
    async read(watch): Promise<Stats> {
      await passOn(shards);
      return toStats(await readTotal(), watch, clock.now());
    },

    async series(range): Promise<Series> {
      await passOn(shards);
      const nowMs = clock.now();
      const fromMs = rangeFrom(range, nowMs);
      const parts = await callObject(root, (ledger) => ledger.series(fromMs), readOptions);
      return toSeries(range, JSON.parse(parts), nowMs);
    },

    async counted() {
      const oldest = await Promise.all(shards.map((shard) => callObject(shard, (ledger) => ledger.handOver(), readOptions)));
      const total = await readTotal();
      const nowMs = clock.now();
      const oldestAtMs = Math.min(nowMs, ...oldest.flatMap((atMs) => atMs ?? []));
      return { total, lagMs: nowMs - oldestAtMs };
    },

    recent: {
      async list(wanted): Promise<RequestList> {
        await passOn(shards);
        return JSON.parse(await callObject(root, (ledger) => ledger.requests(wanted), readOptions));
      },

      async find(id): Promise<RequestDetail | null> {
        await passOn(shards);
        const found = await callObject(root, (ledger) => ledger.request(id), readOptions);
        return found === null ? null : JSON.parse(found);
      },
    },
  };
}

/** Of single keys, as the root has them now. */
function createKeyReader(root: StubOf): Pick<LedgerPort, 'usageOf' | 'keysSeen' | 'breakdownOf'> {
  return {
    usageOf: (keyId, days) => callObject(root, async (ledger): Promise<KeyUsage> => ledger.usageOf(keyId, days), readOptions),
    keysSeen: (keyIds) => callObject(root, async (ledger): Promise<readonly KeySeen[]> => ledger.keysSeen(keyIds), readOptions),
    breakdownOf: (keyId, by, days) =>
      callObject(root, async (ledger): Promise<KeyBreakdown> => ledger.breakdownOf(keyId, by, days), readOptions),
  };
}

/** The root has then what the shards have. */
async function passOn(shards: readonly StubOf[]): Promise<void> {
  await Promise.all(shards.map((shard) => callObject(shard, (ledger) => ledger.passOn(), readOptions)));
}

/** Spreads isolates evenly: their ids are random. */
function shardOf(senderId: string, count: number): number {
  let sum = 0;
  for (let i = 0; i < senderId.length; i += 1) sum = (sum * 31 + senderId.charCodeAt(i)) >>> 0;
  return sum % Math.max(1, count);
}
