/**
 * Looks keys up by the hash of the whole token and remembers what it found for half a minute, so that a revoked key is refused everywhere
 * within 60 s. Unknown hashes are remembered for less, and neither memory grows without bound.
 */
import type { KeyRecord } from '../core/auth/key-record.ts';
import type { Clock, KeysPort } from '../core/ports.ts';
import type { AuditLine, KeysObject } from '../objects/keys-object.ts';
import { callObject } from './object-call.ts';

const knownForMs = 30_000;
const unknownForMs = 5_000;
const maxRemembered = 10_000;
const askOptions = { attempts: 3, pauseMs: 50 };

export interface KeysAdmin {
  list(): Promise<KeyRecord[]>;
  get(id: string): Promise<KeyRecord | null>;
  put(records: readonly KeyRecord[], line: AuditLine): Promise<void>;
  note(line: AuditLine): Promise<void>;
  audit(limit: number): Promise<AuditLine[]>;
}

export function createKeysClient(
  namespace: DurableObjectNamespace<KeysObject>,
  clock: Clock,
  first: KeysPort,
): KeysPort & KeysAdmin {
  const stub = () => namespace.getByName('keys');
  const remembered = new Map<string, { readonly record: KeyRecord | null; readonly untilMs: number }>();

  const remember = (digestHex: string, record: KeyRecord | null): void => {
    // Insertion order is age: the oldest half goes when it is full.
    if (remembered.size >= maxRemembered) for (const [old] of [...remembered].slice(0, maxRemembered / 2)) remembered.delete(old);
    remembered.delete(digestHex);
    remembered.set(digestHex, { record, untilMs: clock.now() + (record === null ? unknownForMs : knownForMs) });
  };

  return {
    async find(digestHex) {
      const own = await first.find(digestHex);
      if (own !== null) return own;
      const known = remembered.get(digestHex);
      if (known !== undefined && clock.now() < known.untilMs) return known.record;
      const record = parseRecord(await callObject(stub, (keys) => keys.find(digestHex), askOptions));
      remember(digestHex, record);
      return record;
    },

    async list() {
      const records = await callObject(stub, (keys) => keys.list(), askOptions);
      return records.map((text) => parseRecord(text)).filter((record) => record !== null);
    },

    async get(id) {
      return parseRecord(await callObject(stub, (keys) => keys.get(id), askOptions));
    },

    async put(records, line) {
      await callObject(stub, async (keys) => keys.put(records, line), askOptions);
      for (const { hashHex } of records) remembered.delete(hashHex);
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

/** Written by the admin routes, read by nobody else. */
function parseRecord(text: string | null): KeyRecord | null {
  return text === null ? null : JSON.parse(text);
}
