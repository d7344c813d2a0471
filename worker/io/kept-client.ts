/** Kept answers behind their port: a tenant's objects, found by the answer's id. A read that fails is asked for again by who reads. */
import { fail, ok, type Result } from '../../shared/result.ts';
import type { Failure } from '../../shared/errors.ts';
import type { KeptOpened, KeptPage, KeptReply, KeptState } from '../core/kept/kept-answer.ts';
import type { LogPort } from '../core/ports.ts';
import type { KeptPlace, KeptPort } from '../core/kept/ports.ts';
import { fnvOf } from '../core/text/fnv.ts';
import type { KeptObject } from '../objects/kept-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

const shardCount = 16;
const askOptions = { attempts: 3, pauseMs: 50 };
const onceOptions = { attempts: 1, pauseMs: 0 };
/** Longer than an object waits for the end of what it has been asked to cancel. */
const cancelOptions = { attempts: 2, pauseMs: 50, deadlineMs: 8000 };
const replyMs = 3000;

export function createKeptClient(namespace: Namespace<KeptObject>, log: LogPort): KeptPort {
  const stubOf =
    ({ tenantId, id }: KeptPlace) =>
    () =>
      namespace.getByName(keptName(tenantId, id));
  return {
    async open(place, opening): Promise<Result<KeptOpened, Failure>> {
      try {
        return ok(await callObject(stubOf(place), async (kept): Promise<KeptOpened> => kept.open(place.id, opening), askOptions));
      } catch (error) {
        log.write('error', 'kept_unavailable', { error });
        return fail({ code: 'state_unavailable' });
      }
    },
    append: (place, batch) =>
      callObject(stubOf(place), async (kept): Promise<KeptReply> => kept.append(place.id, batch), onceOptions),
    read: (place, writerId, after, waitMs) =>
      callObject(stubOf(place), async (kept): Promise<KeptPage | null> => kept.read(place.id, writerId, after, waitMs), {
        ...(waitMs === 0 ? askOptions : onceOptions),
        deadlineMs: waitMs + replyMs,
      }),
    remove: (place, writerId) =>
      callObject(stubOf(place), async (kept): Promise<boolean> => kept.remove(place.id, writerId), askOptions),
    cancel: (place, writerId) =>
      callObject(stubOf(place), async (kept): Promise<KeptState | null> => kept.cancel(place.id, writerId), cancelOptions),
  };
}

/** The object that keeps an answer. */
export function keptName(tenantId: string, id: string): string {
  return `kept:${tenantId}:${fnvOf(id) % shardCount}`;
}
