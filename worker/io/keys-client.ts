/**
 * Looks keys up by the hash of the whole token and remembers what it found: used for half a minute, then for another half while it is
 * renewed in the background, so that nobody waits on a warm isolate and a revoked key is refused everywhere within 60 s. Hashes that nobody
 * has a key for are remembered apart and for less, and only so many are asked for: made-up keys neither push out known ones nor reach the
 * one object without bound.
 */
import { GatewayError } from '../../shared/errors.ts';
import { parseKey } from '../core/auth/key-format.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';
import { freshLookUps, takeLookUp } from '../core/limits/look-ups.ts';
import type { Background, Clock, KeysPort } from '../core/ports.ts';
import type { AuditLine, KeysObject } from '../objects/keys-object.ts';
import type { KeysByDigest } from './bootstrap-keys.ts';
import { sha256Hex } from './digest.ts';
import { callObject } from './object-call.ts';

const freshForMs = 30_000;
/** Counted from before the object was asked: what it read may be a little younger, never older. */
const knownForMs = 60_000;
const unknownForMs = 5000;
/** A renewal that has not come back by then is gone with the request that carried it. */
const renewalLostMs = 5000;
const maxRemembered = 10_000;
const askOptions = { attempts: 3, pauseMs: 50 };

interface Remembered {
  readonly record: KeyRecord;
  readonly askedAtMs: number;
  renewingSinceMs: number;
}

export interface KeysAdmin {
  /** A page in the order of ids, after one of them; '' begins. */
  list(after: string, limit: number): Promise<KeyRecord[]>;
  get(id: string): Promise<KeyRecord | null>;
  /** False when a key that is to be replaced was rotated or revoked meanwhile. */
  put(records: readonly KeyRecord[], line: AuditLine): Promise<boolean>;
  /** False when the record was changed meanwhile. */
  replace(from: KeyRecord, to: KeyRecord, line: AuditLine): Promise<boolean>;
  remove(record: KeyRecord, line: AuditLine): Promise<void>;
  note(line: AuditLine): Promise<void>;
  audit(limit: number): Promise<AuditLine[]>;
}

export function createKeysClient(
  namespace: DurableObjectNamespace<KeysObject>,
  clock: Clock,
  bootstrap: KeysByDigest,
  unknownPerSecond: number,
): KeysPort & KeysAdmin {
  const stub = () => namespace.getByName('keys');
  const remembered = new Map<string, Remembered>();
  /** When the object was asked about hashes that it does not have. */
  const unknown = new Map<string, number>();
  let lookUps = freshLookUps(unknownPerSecond, clock.now());
  /** Counts this isolate's own changes: a look-up that was under way during one must not bring the old record back. */
  let changes = 0;

  const lookUp = async (digestHex: string): Promise<KeyRecord | null> => {
    const [askedAtMs, changesBefore] = [clock.now(), changes];
    const record = parseRecord(await callObject(stub, (keys) => keys.find(digestHex), askOptions));
    if (changes !== changesBefore) return record;
    remembered.delete(digestHex);
    unknown.delete(digestHex);
    if (record === null) keep(unknown, digestHex, askedAtMs);
    else keep(remembered, digestHex, { record, askedAtMs, renewingSinceMs: Number.NEGATIVE_INFINITY });
    return record;
  };

  /** For a hash that this isolate has no key for. */
  const lookUpUnknown = (digestHex: string): Promise<KeyRecord | null> => {
    const taken = takeLookUp(lookUps, unknownPerSecond, clock.now());
    ({ lookUps } = taken);
    if (taken.isAllowed) return lookUp(digestHex);
    const detail = 'Too many unknown keys are being tried. A key that was used a while ago is not affected.';
    throw new GatewayError({ code: 'state_unavailable', detail, retryAfterMs: 2000 });
  };

  const renew = (known: Remembered, digestHex: string, background: Background): void => {
    if (clock.now() - known.renewingSinceMs < renewalLostMs) return;
    known.renewingSinceMs = clock.now();
    background(lookUp(digestHex).catch(() => undefined));
  };

  return {
    async find(token, background) {
      const digestHex = await sha256Hex(token);
      const own = bootstrap(digestHex);
      if (own !== null) return own;
      // A typo or a made-up key is refused by its check characters: guessing costs the object nothing.
      if (parseKey(token) === null) return null;
      const known = remembered.get(digestHex);
      if (known === undefined) {
        const askedAtMs = unknown.get(digestHex);
        return askedAtMs !== undefined && clock.now() - askedAtMs < unknownForMs ? null : lookUpUnknown(digestHex);
      }
      const ageMs = clock.now() - known.askedAtMs;
      if (ageMs >= knownForMs) return lookUp(digestHex);
      if (ageMs >= freshForMs) renew(known, digestHex, background);
      return known.record;
    },

    async list(after, limit) {
      const records = await callObject(stub, (keys) => keys.list(after, limit), askOptions);
      return records.map((text) => parseRecord(text)).filter((record) => record !== null);
    },

    async get(id) {
      return parseRecord(await callObject(stub, (keys) => keys.get(id), askOptions));
    },

    async put(records, line) {
      const isStored = await callObject(stub, async (keys) => keys.put(records, line), askOptions);
      changes += 1;
      for (const { hashHex } of records) {
        remembered.delete(hashHex);
        unknown.delete(hashHex);
      }
      return isStored;
    },

    async replace(from, to, line) {
      const isStored = await callObject(stub, async (keys) => keys.replace(from, to, line), askOptions);
      changes += 1;
      remembered.delete(from.hashHex);
      return isStored;
    },

    async remove({ id, hashHex }, line) {
      await callObject(stub, async (keys) => keys.remove(id, line), askOptions);
      changes += 1;
      remembered.delete(hashHex);
    },

    async note(line) {
      await callObject(stub, async (keys) => keys.note(line), askOptions);
    },

    async audit(limit) {
      const lines = await callObject(stub, (keys) => keys.audit(limit), askOptions);
      return lines.map((text): AuditLine => JSON.parse(text));
    },
  };
}

/** Insertion order is age: the oldest half goes when it is full. */
function keep<T>(map: Map<string, T>, digestHex: string, value: T): void {
  if (map.size >= maxRemembered) for (const [old] of [...map].slice(0, maxRemembered / 2)) map.delete(old);
  map.set(digestHex, value);
}

/** Written by the admin routes, read by nobody else. */
function parseRecord(text: string | null): KeyRecord | null {
  return text === null ? null : JSON.parse(text);
}
