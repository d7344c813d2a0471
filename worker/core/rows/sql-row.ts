/** By the names of its columns: whole numbers up to 2^53 as numbers, times as dates, bytea as bytes, jsonb parsed. */
export type SqlRow = Readonly<Record<string, unknown>>;
