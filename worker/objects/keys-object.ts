/**
 * The API keys of a deployment, by hash: the keys themselves are not stored; and what operators changed of the configuration. Every change
 * is written together with its line in the audit log. Look-ups are by the hash of the whole token, always as a bound parameter.
 */
import { DurableObject } from 'cloudflare:workers';
import { keepRevocation, type KeyRecord } from '../core/auth/key-record.ts';
import { addConfigVersion, configVersion, configVersions, type ConfigVersion, createConfigTable } from './config-store.ts';

export interface AuditLine {
  readonly atMs: number;
  /** Who did it: `token`, or the e-mail address of a verified Access identity. */
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
}

/** The most lines kept; the oldest are deleted first. */
const maxAuditLines = 10_000;

export class KeysObject extends DurableObject<unknown> {
  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env);
    ctx.storage.sql.exec(`
      CREATE TABLE IF NOT EXISTS keys (hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS audit (seq INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL);
    `);
    createConfigTable(ctx.storage.sql);
  }

  /** Versions of the changed configuration, the newest first, as JSON. */
  configVersions(limit: number): string[] {
    return configVersions(this.ctx.storage.sql, limit);
  }

  configVersion(version: number): string | null {
    return configVersion(this.ctx.storage.sql, version);
  }

  /** Stores the next version and its audit line. False when another one was stored meanwhile. Safe to repeat. */
  addConfig(version: ConfigVersion, line: AuditLine): boolean {
    return this.ctx.storage.transactionSync(() => {
      const added = addConfigVersion(this.ctx.storage.sql, version);
      if (added === 'added') this.#audit(line);
      return added !== 'no';
    });
  }

  /** The record of a key's hash as JSON, or null. */
  find(hashHex: string): string | null {
    return this.#one('SELECT record FROM keys WHERE hash = ?', hashHex);
  }

  get(id: string): string | null {
    return this.#one('SELECT record FROM keys WHERE id = ?', id);
  }

  /** A page of records in the order of their ids, after one of them; '' begins. */
  list(after: string, limit: number): string[] {
    return this.ctx.storage.sql
      .exec<{ record: string }>('SELECT record FROM keys WHERE id > ? ORDER BY id LIMIT ?', after, limit)
      .toArray()
      .map(({ record }) => record);
  }

  /**
   * Stores records, new or changed, and the audit line, all or nothing. False, and nothing is stored, when one of them replaces a key that
   * was rotated or revoked since it was read. Safe to repeat.
   */
  put(records: readonly KeyRecord[], line: AuditLine): boolean {
    return this.ctx.storage.transactionSync(() => {
      if (records.some((record) => this.#comesTooLate(record))) return false;
      for (const given of records) {
        const record = keepRevocation(parseRecord(this.find(given.hashHex)), given);
        this.ctx.storage.sql.exec(
          'INSERT INTO keys (hash, id, record) VALUES (?, ?, ?) ON CONFLICT (hash) DO UPDATE SET record = excluded.record',
          record.hashHex,
          record.id,
          JSON.stringify(record),
        );
      }
      this.#audit(line);
      return true;
    });
  }

  /**
   * Replaces a record by its changed version. False, and nothing is stored, when the stored record is no longer `from`. Safe to repeat.
   */
  replace(from: KeyRecord, to: KeyRecord, line: AuditLine): boolean {
    return this.ctx.storage.transactionSync(() => {
      const stored = this.get(from.id);
      const wanted = JSON.stringify(to);
      if (stored === wanted) return true;
      if (stored !== JSON.stringify(from)) return false;
      this.ctx.storage.sql.exec('UPDATE keys SET record = ? WHERE id = ?', wanted, from.id);
      this.#audit(line);
      return true;
    });
  }

  /** Forgets a key. Safe to repeat. */
  remove(id: string, line: AuditLine): void {
    this.ctx.storage.transactionSync(() => {
      const gone = this.ctx.storage.sql.exec('DELETE FROM keys WHERE id = ? RETURNING id', id).toArray();
      if (gone.length > 0) this.#audit(line);
    });
  }

  /** Adds an audit line for a change made elsewhere. */
  note(line: AuditLine): void {
    this.ctx.storage.transactionSync(() => this.#audit(line));
  }

  /** The newest lines first, as JSON. */
  audit(limit: number): string[] {
    return this.ctx.storage.sql
      .exec<{ line: string }>('SELECT line FROM audit ORDER BY seq DESC LIMIT ?', limit)
      .toArray()
      .map(({ line }) => line);
  }

  /** A key is replaced only once; a repeat with the same new key is accepted. */
  #comesTooLate({ hashHex, rotatedFrom }: KeyRecord): boolean {
    if (rotatedFrom === null || this.find(hashHex) !== null) return false;
    return parseRecord(this.get(rotatedFrom))?.revokedAtMs !== null;
  }

  #one(query: string, parameter: string): string | null {
    const [row] = this.ctx.storage.sql.exec<{ record: string }>(query, parameter).toArray();
    return row?.record ?? null;
  }

  #audit(line: AuditLine): void {
    this.ctx.storage.sql.exec('INSERT INTO audit (line) VALUES (?)', JSON.stringify(line));
    this.ctx.storage.sql.exec('DELETE FROM audit WHERE seq <= (SELECT MAX(seq) FROM audit) - ?', maxAuditLines);
  }
}

/** Written by `put`, in this or an earlier version of the same shape. */
function parseRecord(text: string | null): KeyRecord | null {
  return text === null ? null : JSON.parse(text);
}
