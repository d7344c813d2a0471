/**
 * Kept answers in the database, for every location. It may be slow, down or full: what cannot be read in time is not there, and after some
 * failures nobody waits for it for a while.
 */
import type { CacheConfig } from '../../shared/config.ts';
import type { Result } from '../../shared/result.ts';
import type { Clock, LogPort } from '../core/ports.ts';
import type { PostgresPort, SqlFailure } from '../core/rows/ports.ts';
import { bodyOf, purgeEntries, purgeEveryMs, selectEntry, upsertEntry } from '../core/rows/cache-entries.ts';
import { afterAsking, freshPatience, mayAsk } from '../core/rows/patience.ts';
import type { SqlRow } from '../core/rows/sql-row.ts';
import { sha256Hex } from './digest.ts';

/** Of what nobody waits for. */
const writeMs = 5000;
const purgeMs = 30_000;

export interface SharedAnswers {
  /** The text that was put under the key for this tenant; null where it cannot be had. Never rejects. */
  read(tenantId: string, key: string): Promise<string | null>;
  /** Never rejects. */
  write(tenantId: string, key: string, text: string, forMs: number): Promise<void>;
}

export function createSharedAnswers(
  postgres: PostgresPort,
  { read_ms: readMs, max_bytes: maxBytes }: CacheConfig['database'],
  clock: Clock,
  log: LogPort,
): SharedAnswers {
  let patience = freshPatience;
  let purgedAtMs = Number.NEGATIVE_INFINITY;
  /** Null where it failed. Said once, until it has answered again. */
  const heard = (result: Result<readonly SqlRow[], SqlFailure>): readonly SqlRow[] | null => {
    const isFirst = patience.failures === 0;
    patience = afterAsking(patience, result.ok, clock.now());
    if (result.ok) return result.value;
    const { kind, sqlState, detail } = result.failure;
    if (isFirst) log.write('warn', 'shared_answers_unavailable', { kind, sqlState, detail });
    return null;
  };
  return {
    async read(tenantId, key) {
      if (!mayAsk(patience, clock.now())) return null;
      try {
        const hash = await sha256Hex(key);
        const rows = heard(await postgres.query(selectEntry, [tenantId, hash], { timeoutMs: readMs }));
        const body = rows === null ? null : bodyOf(rows);
        return body === null ? null : await unpacked(body);
      } catch {
        return null;
      }
    },

    async write(tenantId, key, text, forMs) {
      if (!mayAsk(patience, clock.now())) return;
      try {
        const [hash, body] = await Promise.all([sha256Hex(key), packed(text)]);
        const written = heard(await postgres.query(upsertEntry, [tenantId, hash, body, forMs], { timeoutMs: writeMs }));
        if (written === null || clock.now() - purgedAtMs < purgeEveryMs) return;
        purgedAtMs = clock.now();
        heard(await postgres.query(purgeEntries, [maxBytes], { timeoutMs: purgeMs }));
      } catch (error) {
        log.write('warn', 'shared_answers_unavailable', { error });
      }
    },
  };
}

async function packed(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Rejects for bytes that are none of `packed`. */
function unpacked(body: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Response(new Blob([body]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
}
