/** The versions of what operators changed of the configuration at run time, in the storage of the object that holds the keys. */

export interface ConfigVersion {
  /** Counts up from 1 and is never used twice; 0 is the deployed configuration as it is. */
  readonly version: number;
  readonly atMs: number;
  /** `token`, or the e-mail address of a verified Access identity. */
  readonly actor: string;
  readonly action: 'set' | 'merge' | 'rollback';
  readonly note: string | null;
  /** JSON merge patch over the deployed configuration. */
  readonly overrides: Readonly<Record<string, unknown>>;
}

/** Older ones are deleted: a rollback reaches no further back. */
const maxVersions = 500;

export function createConfigTable(sql: SqlStorage): void {
  sql.exec('CREATE TABLE IF NOT EXISTS config_versions (version INTEGER PRIMARY KEY, row TEXT NOT NULL)');
}

/** The newest first, as JSON. */
export function configVersions(sql: SqlStorage, limit: number): string[] {
  return sql
    .exec<{ row: string }>('SELECT row FROM config_versions ORDER BY version DESC LIMIT ?', limit)
    .toArray()
    .map(({ row }) => row);
}

/** One version as JSON, or null. */
export function configVersion(sql: SqlStorage, version: number): string | null {
  const [found] = sql.exec<{ row: string }>('SELECT row FROM config_versions WHERE version = ?', version).toArray();
  return found?.row ?? null;
}

/** `no`: another version was stored meanwhile. `again`: this very one is there, from a call that was repeated. */
export function addConfigVersion(sql: SqlStorage, given: ConfigVersion): 'added' | 'again' | 'no' {
  const text = JSON.stringify(given);
  const [newest = null] = configVersions(sql, 1);
  if (newest === text) return 'again';
  const last: number = newest === null ? 0 : JSON.parse(newest).version;
  if (given.version !== last + 1) return 'no';
  sql.exec('INSERT INTO config_versions (version, row) VALUES (?, ?)', given.version, text);
  sql.exec('DELETE FROM config_versions WHERE version <= ?', given.version - maxVersions);
  return 'added';
}
