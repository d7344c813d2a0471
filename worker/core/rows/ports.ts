/** The effects of the database of logs, as interfaces; see `core/ports.ts`. */
import type { Result } from '../../../shared/result.ts';
import type { RowsStatus } from '../../../shared/rows-status.ts';
import type { HideSecrets } from '../log/known-secrets.ts';
import type { Background } from '../ports.ts';
import type { EndedRequest } from './request-row.ts';
import type { SqlFailureKind } from './sql-failure.ts';
import type { SqlRow } from './sql-row.ts';

export interface SqlFailure {
  readonly kind: SqlFailureKind;
  /** What the server said, five characters; null when it said nothing. */
  readonly sqlState: string | null;
  /** For the log only: it may quote values. */
  readonly detail: string;
}

/** The database of logs and of the cache's second level; null where there is none. Never on the path of an answer. */
export interface PostgresPort {
  /**
   * One statement on a connection of its own, at most five at a time in an isolate. `timeoutMs` covers everything, the wait for a connection
   * too; a statement that was begun may take effect after it. Never rejects.
   */
  query(
    text: string,
    values: readonly unknown[],
    options: { readonly timeoutMs: number },
  ): Promise<Result<readonly SqlRow[], SqlFailure>>;
}

/** Rows of the request log, each JSON, into the database. A row that is there already changes nothing. */
export interface RowStorePort {
  /** Never rejects. */
  insert(rows: readonly string[], options: { readonly timeoutMs: number }): Promise<Result<RowsStored, SqlFailure>>;
  /** Makes the partitions of the days to come, and drops those that are older than what is kept. Never rejects. */
  maintain(nowMs: number): Promise<Result<null, SqlFailure>>;
}

export interface RowsStored {
  /** Rows that the database refuses for what is in them; all others are there. */
  readonly refused: readonly string[];
}

/** The request log in a database; null where there is none. */
export interface RowsPort {
  /** Costs the request nothing but a place in a list. Never rejects. */
  record(ended: EndedRequest, background: Background): void;
  /** Rejects when the state cannot be reached. */
  status(): Promise<RowsStatus>;
  /** A text as a log may keep it. */
  readonly hideSecrets: HideSecrets;
}
