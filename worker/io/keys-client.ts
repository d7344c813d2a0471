/**
 * Looks keys up by the hash of the whole token and remembers what it found: used for half a minute, then for another half while it is
 * renewed in the background, so that nobody waits on a warm isolate and a revoked key is refused everywhere within 60 s. Hashes that nobody
 * has a key for are remembered apart and for less, and only so many are asked for: made-up keys neither push out known ones nor reach the
 * one object without bound.
 */
import { GatewayError } from '../../shared/errors.ts';
import { parseKey } from '../core/auth/key-format.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';
import { freshLookUps, type LookUps, takeLookUp } from '../core/limits/look-ups.ts';
import type { Background, Clock, KeysPort } from '../core/ports.ts';
import type { AuditLine, KeysObject } from '../objects/keys-object.ts';
import type { KeysByDigest } from './bootstrap-keys.ts';
import { sha256Hex } from './digest.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

const freshForMs = 30_000;
/** Counted from before the object was asked: what it read may be a little younger, never older. */
const knownForMs = 60_000;
const unknownForMs = 5000;
/** A renewal that has not come back by then is gone with the request that carried it. */
const renewalLostMs = 5000;
const maxRemembered = 10_000;
const maxDigests = 2000;
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
  namespace: Namespace<KeysObject>,
  clock: Clock,
  bootstrap: KeysByDigest,
  unknownPerSecond: number,
): KeysPort & KeysAdmin {
  return new KeysClient(namespace, clock, bootstrap, unknownPerSecond);
}

class KeysClient implements KeysPort, KeysAdmin {
  readonly #namespace: Namespace<KeysObject>;
  readonly #clock: Clock;
  readonly #bootstrap: KeysByDigest;
  readonly #unknownPerSecond: number;
  readonly #remembered = new Map<string, Remembered>();
  /** When the object was asked about hashes that it does not have. */
  readonly #unknown = new Map<string, number>();
  /** Of tokens that are keys: the digest costs more than all the rest of finding one. What it finds is as old as without. */
  readonly #digests = new Map<string, string>();
  #lookUps: LookUps;
  /** Counts this isolate's own changes: a look-up that was under way during one must not bring the old record back. */
  #changes = 0;

  constructor(namespace: Namespace<KeysObject>, clock: Clock, bootstrap: KeysByDigest, unknownPerSecond: number) {
    this.#namespace = namespace;
    this.#clock = clock;
    this.#bootstrap = bootstrap;
    this.#unknownPerSecond = unknownPerSecond;
    this.#lookUps = freshLookUps(unknownPerSecond, clock.now());
  }

  async find(token: string, background: Background): Promise<KeyRecord | null> {
    const digestHex = this.#digests.get(token) ?? (await sha256Hex(token));
    const record = this.#bootstrap(digestHex) ?? (await this.#findByDigest(token, digestHex, background));
    if (record !== null && !this.#digests.has(token)) keep(this.#digests, token, digestHex, maxDigests);
    return record;
  }

  known(token: string, background: Background): KeyRecord | null {
    const digestHex = this.#digests.get(token);
    if (digestHex === undefined) return null;
    return this.#bootstrap(digestHex) ?? this.#youngRecord(this.#remembered.get(digestHex), digestHex, background);
  }

  async list(after: string, limit: number): Promise<KeyRecord[]> {
    const records = await this.#ask((keys) => keys.list(after, limit));
    return records.map((text) => parseRecord(text)).filter((record) => record !== null);
  }

  async get(id: string): Promise<KeyRecord | null> {
    return parseRecord(await this.#ask((keys) => keys.get(id)));
  }

  async put(records: readonly KeyRecord[], line: AuditLine): Promise<boolean> {
    const isStored = await this.#ask(async (keys) => keys.put(records, line));
    this.#forget(records);
    return isStored;
  }

  async replace(from: KeyRecord, to: KeyRecord, line: AuditLine): Promise<boolean> {
    const isStored = await this.#ask(async (keys) => keys.replace(from, to, line));
    this.#forget([from]);
    return isStored;
  }

  async remove(record: KeyRecord, line: AuditLine): Promise<void> {
    await this.#ask(async (keys) => keys.remove(record.id, line));
    this.#forget([record]);
  }

  async note(line: AuditLine): Promise<void> {
    await this.#ask(async (keys) => keys.note(line));
  }

  async audit(limit: number): Promise<AuditLine[]> {
    const lines = await this.#ask((keys) => keys.audit(limit));
    return lines.map((text): AuditLine => JSON.parse(text));
  }

  #ask<Answer>(call: (keys: DurableObjectStub<KeysObject>) => Promise<Answer>): Promise<Answer> {
    return callObject(() => this.#namespace.getByName('keys'), call, askOptions);
  }

  #forget(records: readonly KeyRecord[]): void {
    this.#changes += 1;
    for (const { hashHex } of records) {
      this.#remembered.delete(hashHex);
      this.#unknown.delete(hashHex);
    }
  }

  #findByDigest(token: string, digestHex: string, background: Background): KeyRecord | null | Promise<KeyRecord | null> {
    // A typo or a made-up key is refused by its check characters: guessing costs the object nothing.
    if (parseKey(token) === null) return null;
    const known = this.#remembered.get(digestHex);
    if (known === undefined) {
      const askedAtMs = this.#unknown.get(digestHex);
      return askedAtMs !== undefined && this.#clock.now() - askedAtMs < unknownForMs ? null : this.#lookUpUnknown(digestHex);
    }
    return this.#youngRecord(known, digestHex, background) ?? this.#lookUp(digestHex);
  }

  /** Null where it is too old; one that is no longer fresh is renewed meanwhile. */
  #youngRecord(known: Remembered | undefined, digestHex: string, background: Background): KeyRecord | null {
    if (known === undefined) return null;
    const ageMs = this.#clock.now() - known.askedAtMs;
    if (ageMs >= knownForMs) return null;
    if (ageMs >= freshForMs) this.#renew(known, digestHex, background);
    return known.record;
  }

  async #lookUp(digestHex: string): Promise<KeyRecord | null> {
    const [askedAtMs, changesBefore] = [this.#clock.now(), this.#changes];
    const record = parseRecord(await this.#ask((keys) => keys.find(digestHex)));
    if (this.#changes !== changesBefore) return record;
    this.#remembered.delete(digestHex);
    this.#unknown.delete(digestHex);
    if (record === null) keep(this.#unknown, digestHex, askedAtMs, maxRemembered);
    else keep(this.#remembered, digestHex, { record, askedAtMs, renewingSinceMs: Number.NEGATIVE_INFINITY }, maxRemembered);
    return record;
  }

  /** For a hash that this isolate has no key for. */
  #lookUpUnknown(digestHex: string): Promise<KeyRecord | null> {
    const taken = takeLookUp(this.#lookUps, this.#unknownPerSecond, this.#clock.now());
    this.#lookUps = taken.lookUps;
    if (taken.isAllowed) return this.#lookUp(digestHex);
    const detail = 'Too many unknown keys are being tried. A key that was used a while ago is not affected.';
    throw new GatewayError({ code: 'state_unavailable', detail, retryAfterMs: 2000 });
  }

  #renew(known: Remembered, digestHex: string, background: Background): void {
    if (this.#clock.now() - known.renewingSinceMs < renewalLostMs) return;
    known.renewingSinceMs = this.#clock.now();
    background(this.#lookUp(digestHex).catch(() => undefined));
  }
}

/** Insertion order is age: the oldest half goes when it is full. */
function keep<T>(map: Map<string, T>, name: string, value: T, most: number): void {
  if (map.size >= most) for (const [old] of [...map].slice(0, most / 2)) map.delete(old);
  map.set(name, value);
}

/** Written by the admin routes, read by nobody else. */
function parseRecord(text: string | null): KeyRecord | null {
  return text === null ? null : JSON.parse(text);
}
