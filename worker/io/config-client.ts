/**
 * What operators changed of the configuration at run time, as the keys' object has it. An isolate looks again every ten seconds, in the
 * background of a request; only one that has looked for half a minute at nothing, or never, waits for the answer. So a change is in force
 * everywhere within 30 s. Where the object does not answer, the isolate continues with what it knows.
 */
import type { Background, Clock, LogPort } from '../core/ports.ts';
import type { ConfigVersion } from '../objects/config-store.ts';
import type { AuditLine, KeysObject } from '../objects/keys-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

export const configFreshForMs = 10_000;
export const configKnownForMs = 30_000;
/** A look that fails is repeated by the next request after this. */
const againAfterMs = 1000;
/** A look in the background that has not come back by then is gone with the request that carried it. */
const lookLostMs = 5000;
const lookOptions = { attempts: 1, pauseMs: 0, deadlineMs: 1000 };
const askOptions = { attempts: 3, pauseMs: 50 };

/** The deployed configuration as it is. */
export const noVersion: ConfigVersion = { version: 0, atMs: 0, actor: '', action: 'set', note: null, overrides: {} };

export interface ConfigVersions {
  /** What this isolate has to run with; a promise only where it has to wait. Never fails. */
  current(background: Background): ConfigVersion | Promise<ConfigVersion>;
  /** The newest first, from the object. */
  list(limit: number): Promise<ConfigVersion[]>;
  get(version: number): Promise<ConfigVersion | null>;
  /** False when another version was stored meanwhile. */
  add(version: ConfigVersion, line: AuditLine): Promise<boolean>;
}

export function createConfigClient(namespace: Namespace<KeysObject>, clock: Clock, log: LogPort): ConfigVersions {
  let known: ConfigVersion = noVersion;
  let askedAtMs = Number.NEGATIVE_INFINITY;
  let lookingSinceMs = Number.NEGATIVE_INFINITY;
  const ask = <Answer>(call: (keys: DurableObjectStub<KeysObject>) => Promise<Answer>, options = askOptions): Promise<Answer> =>
    callObject(() => namespace.getByName('keys'), call, options);
  const keep = (version: ConfigVersion, atMs: number): void => {
    // A look that was under way during this isolate's own change must not bring the old version back.
    if (version.version < known.version) return;
    known = version;
    askedAtMs = atMs;
  };

  async function look(): Promise<ConfigVersion> {
    const atMs = clock.now();
    lookingSinceMs = atMs;
    try {
      const [newest] = await ask((keys) => keys.configVersions(1), lookOptions);
      keep(newest === undefined ? noVersion : parseVersion(newest), atMs);
    } catch (cause) {
      log.write('warn', 'config_unavailable', { version: known.version, cause });
      askedAtMs = atMs - configFreshForMs + againAfterMs;
    }
    lookingSinceMs = Number.NEGATIVE_INFINITY;
    return known;
  }

  return {
    current(background) {
      const nowMs = clock.now();
      const ageMs = nowMs - askedAtMs;
      if (ageMs < configFreshForMs) return known;
      if (ageMs >= configKnownForMs) return look();
      if (nowMs - lookingSinceMs >= lookLostMs) background(look());
      return known;
    },
    async list(limit) {
      return (await ask((keys) => keys.configVersions(limit))).map((text) => parseVersion(text));
    },
    async get(version) {
      const text = await ask((keys) => keys.configVersion(version));
      return text === null ? null : parseVersion(text);
    },
    async add(version, line) {
      const isStored = await ask(async (keys) => keys.addConfig(version, line));
      if (isStored) keep(version, clock.now());
      return isStored;
    },
  };
}

/** Written by `add`, by nobody else. */
function parseVersion(text: string): ConfigVersion {
  return JSON.parse(text);
}
