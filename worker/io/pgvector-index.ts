/**
 * PostgreSQL with the extension pgvector behind the port of vector indexes: a row for each vector, in the table that `npm run migrate -- --vectors`
 * makes. Always searched exactly: a collection is bounded, and an approximate index, which has all tenants' vectors, finds badly in small collections.
 */
import { type Failure, GatewayError } from '../../shared/errors.ts';
import type { PostgresPort, SqlFailure } from '../core/rows/ports.ts';
import type { VectorIndexPort } from '../core/rag/rag-ports.ts';

const timeoutMs = 5000;
/** What one statement may carry. */
const perPut = 500;

const table = 'pointsman.rag_vectors';

/**
 * Vectors of documents that are gone may be left for a while, also those of another model, with which none can be compared. OFFSET 0 keeps the server
 * from ordering by an approximate index. Asking for the time keeps Hyperdrive from keeping rows.
 */
const nearestRows = `SELECT id, 1 - distance AS score FROM (
    SELECT id, embedding <=> $3::vector AS distance FROM ${table}
    WHERE tenant_id = $1 AND collection = $2 AND vector_dims(embedding) = $5 AND now() IS NOT NULL OFFSET 0
  ) AS compared ORDER BY distance LIMIT $4`;

/** No such table, schema, type, function, and no right to it: nothing that comes back by itself. */
const notPrepared: ReadonlySet<string> = new Set(['42P01', '3F000', '42704', '42883', '42501']);

export function createPgvectorIndex(postgres: PostgresPort): VectorIndexPort {
  const run = async (text: string, values: readonly unknown[]) => {
    const answer = await postgres.query(text, values, { timeoutMs });
    if (answer.ok) return answer.value;
    throw new GatewayError(failureOf(answer.failure), { cause: new Error(answer.failure.detail) });
  };
  return {
    id: 'pgvector',
    async put({ tenantId, collection }, vectors) {
      for (let from = 0; from < vectors.length; from += perPut) {
        const some = vectors.slice(from, from + perPut);
        await run(
          `INSERT INTO ${table} (id, tenant_id, collection, embedding)
           SELECT id, $1, $2, embedding::vector FROM unnest($3::text[], $4::text[]) AS given (id, embedding)
           ON CONFLICT (id) DO UPDATE SET embedding = excluded.embedding`,
          [tenantId, collection, some.map(({ id }) => id), some.map(({ values }) => `[${values.join(',')}]`)],
        );
      }
    },
    async remove({ tenantId }, ids) {
      await run(`DELETE FROM ${table} WHERE tenant_id = $1 AND id = ANY($2::text[])`, [tenantId, ids]);
    },
    async nearest({ tenantId, collection }, question, most) {
      const values = [tenantId, collection, `[${question.join(',')}]`, most, question.length];
      const rows = await run(nearestRows, values);
      return rows.map(({ id, score }) => ({ id: String(id), score: Number(score) }));
    },
  };
}

function failureOf({ sqlState }: SqlFailure): Failure {
  if (sqlState !== null && notPrepared.has(sqlState))
    return {
      code: 'not_ready',
      detail: `rag.store is pgvector, and its database is not prepared for it (${sqlState}): npm run migrate -- --vectors --grant ROLE.`,
    };
  return { code: 'state_unavailable', sentence: 'The database with the vectors of documents could not be used.' };
}
