/**
 * Session memory behind its port: the isolate's own copy first, the object where that has none. A conversation that this isolate has seen
 * within a minute costs no call; another isolate's upward move is therefore noticed within a minute, or at once by one that has no copy.
 */
import type { SessionMemory } from '../core/route/session.ts';
import type { ArmMemory, Clock, LogPort, RatedArm, SessionPort } from '../core/ports.ts';
import type { SessionObject } from '../objects/session-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

const shardCount = 16;
const copyForMs = 60_000;
const maxCopies = 10_000;
/** A turn is not held up longer than this for its memory. */
const waitMs = 500;
/** Feedback on an answer is taken this long. */
const feedbackForMs = 86_400_000;

interface Copy {
  readonly memory: SessionMemory | null;
  readonly untilMs: number;
}

/** The conversation may have a memory, which could not be read. Asked for again with the next turn. */
const unread: Copy = { memory: null, untilMs: 0 };

interface SessionClientOptions {
  readonly ttlMs: number;
  readonly clock: Clock;
  readonly log: LogPort;
}

export function createSessionClient(
  namespace: Namespace<SessionObject>,
  { clock, log, ttlMs }: SessionClientOptions,
): SessionPort {
  const copies = createCopies();
  const shared = createSharedMemory(namespace, log);
  const copyUntil = (): number => clock.now() + copyForMs;
  return {
    async get(id) {
      const known = copies.get(id);
      if (known !== undefined && clock.now() < known.untilMs) return known.memory;
      try {
        const memory = await shared.get(id);
        copies.keep(id, { memory, untilMs: copyUntil() });
        return memory;
      } catch (error) {
        log.write('warn', 'session_unavailable', { error });
        copies.keep(id, unread);
        return null;
      }
    },

    put(id, memory, background) {
      // What could not be read may be higher: only a move upward may take its place.
      if (copies.get(id) === unread && memory.tier === 'small' && !memory.isEscalated) return;
      copies.keep(id, { memory, untilMs: copyUntil() });
      background(shared.put(id, memory, ttlMs));
    },

    putAfter(id, memory, background) {
      copies.keep(id, { memory, untilMs: clock.now() + ttlMs });
      if (memory !== null) background(shared.put(id, memory, ttlMs));
    },

    putArm(requestId, arm, background) {
      background(shared.put(armId(arm.keyId, requestId), arm, feedbackForMs));
    },

    rateArm: (keyId, requestId, score, ratingId) => shared.rate(armId(keyId, requestId), score, ratingId),
  };
}

/** What this isolate has seen of conversations, the oldest half forgotten when there are too many. */
function createCopies() {
  const copies = new Map<string, Copy>();
  return {
    get: (id: string): Copy | undefined => copies.get(id),
    keep(id: string, copy: Copy): void {
      if (copies.size >= maxCopies) for (const [old] of [...copies].slice(0, maxCopies / 2)) copies.delete(old);
      copies.delete(id);
      copies.set(id, copy);
    },
  };
}

/** What all isolates see. */
function createSharedMemory(namespace: Namespace<SessionObject>, log: LogPort) {
  const stubOf = (id: string) => () => namespace.getByName(`sessions:${shardOf(id)}`);
  return {
    async get(id: string): Promise<SessionMemory | null> {
      const asked = callObject(stubOf(id), (sessions) => sessions.get(id, true), { attempts: 1, pauseMs: 0 });
      const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), waitMs));
      const text = await Promise.race([asked, late]);
      if (text === undefined) throw new Error(`no answer within ${waitMs} ms`);
      return text === null ? null : JSON.parse(text);
    },

    /** Never rejects. */
    async put(id: string, memory: SessionMemory | ArmMemory, forMs: number): Promise<void> {
      const text = JSON.stringify(memory);
      try {
        await callObject(stubOf(id), (sessions) => sessions.put(id, text, forMs), { attempts: 3, pauseMs: 100 });
      } catch (error) {
        log.write('warn', 'session_unavailable', { error });
      }
    },

    async rate(id: string, score: number, ratingId: string): Promise<RatedArm | null> {
      const text = await callObject(stubOf(id), (sessions) => sessions.rate(id, score, ratingId), { attempts: 2, pauseMs: 50 });
      return text === null ? null : JSON.parse(text);
    },
  };
}

/** Clients choose request ids, so one key's must not stand for another's. */
function armId(keyId: string, requestId: string): string {
  return `request:${keyId}:${requestId}`;
}

function shardOf(id: string): number {
  let sum = 0;
  for (let i = 0; i < id.length; i += 1) sum = (Math.imul(sum, 31) + id.charCodeAt(i)) >>> 0;
  return sum % shardCount;
}
