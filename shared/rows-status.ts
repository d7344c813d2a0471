/** What waits for the database, and what did not get into it. */
export interface RowsStatus {
  /** Rows in the outbox. */
  readonly waiting: number;
  /** When the oldest of them was put there, ISO 8601; `null` without any. */
  readonly waiting_since: string | null;
  /** Rows lost because the outbox was full, or because the outbox could not be reached either. */
  readonly dropped: number;
  /** Rows that the database refuses for what is in them. */
  readonly refused: number;
  /** Rows that came into the database by way of the outbox. */
  readonly replayed: number;
  /** Why the last attempt to replay failed; `null` when it did not. */
  readonly last_error: string | null;
  /** When partitions were last made and dropped, ISO 8601. */
  readonly maintained_at: string | null;
}
