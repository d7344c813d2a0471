/**
 * Session memory behind its port: the isolate's own copy first, the object where that has none. A conversation that this isolate has seen
 * within a minute costs no call; another isolate's upward move is therefore noticed within a minute, or at once by one that has no copy.
 */
import type { SessionMemory } from '../core/route/session.ts';
import type { Background, Clock, LogPort, RatedArm, SessionPort } from '../core/ports.ts';
import type { SessionObject } from '../objects/session-object.ts';
import { callObject } from './object-call.ts';

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

export function createSessionClient(
  namespace: DurableObjectNamespace<SessionObject>,
  options: { readonly ttlMs: number; readonly clock: Clock; readonly log: LogPort },
): SessionPort {
  const { clock, log, ttlMs } = options;
  const copies = new Map<string, Copy>();
  const stubOf = (id: string) => () => namespace.getByName(`sessions:${shardOf(id)}`);

  const store = (id: string, memory: SessionMemory, background: Background): void => {
    const text = JSON.stringify(memory);
    background(
      callObject(stubOf(id), (sessions) => sessions.put(id, text, ttlMs), { attempts: 3, pauseMs: 100 }).catch((error: unknown) =>
        log.write('warn', 'session_unavailable', { error }),
      ),
    );
  };

  const copy = (id: string, memory: SessionMemory | null): void => keep(id, { memory, untilMs: clock.now() + copyForMs });
  const keep = (id: string, kept: Copy): void => {
    if (copies.size >= maxCopies) for (const [old] of [...copies].slice(0, maxCopies / 2)) copies.delete(old);
    copies.delete(id);
    copies.set(id, kept);
  };

  return {
    async get(id) {
      const known = copies.get(id);
      if (known !== undefined && clock.now() < known.untilMs) return known.memory;
      try {
        const asked = callObject(stubOf(id), (sessions) => sessions.get(id, true), { attempts: 1, pauseMs: 0 });
        const text = await Promise.race([
          asked,
          new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), waitMs)),
        ]);
        if (text === undefined) throw new Error(`no answer within ${waitMs} ms`);
        const memory: SessionMemory | null = text === null ? null : JSON.parse(text);
        copy(id, memory);
        return memory;
      } catch (error) {
        log.write('warn', 'session_unavailable', { error });
        keep(id, unread);
        return null;
      }
    },

    async rateArm(keyId, requestId, score, ratingId) {
      const id = armId(keyId, requestId);
      const text = await callObject(stubOf(id), (sessions) => sessions.rate(id, score, ratingId), { attempts: 2, pauseMs: 50 });
      const rated: RatedArm | null = text === null ? null : JSON.parse(text);
      return rated;
    },

    putArm(requestId, memory, background) {
      const id = armId(memory.keyId, requestId);
      const text = JSON.stringify(memory);
      background(
        callObject(stubOf(id), (sessions) => sessions.put(id, text, feedbackForMs), { attempts: 3, pauseMs: 100 }).catch(
          (error: unknown) => log.write('warn', 'session_unavailable', { error }),
        ),
      );
    },

    put(id, memory, background) {
      // What could not be read may be higher: only a move upward may take its place.
      if (copies.get(id) === unread && memory.tier === 'small' && !memory.isEscalated) return;
      copy(id, memory);
      store(id, memory, background);
    },

    putAfter(id, memory, background) {
      keep(id, { memory, untilMs: clock.now() + ttlMs });
      if (memory !== null) store(id, memory, background);
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
