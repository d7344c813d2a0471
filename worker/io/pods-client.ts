/** An isolate's wishes for pods, told to the health object, which starts and stops them. Only there where a configuration has pods. */
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import type { PodStates } from '../core/pods/pod-view.ts';
import type { PodsPort } from '../core/pods/pods-port.ts';
import type { Clock, LogPort } from '../core/ports.ts';
import type { HealthObjectBase } from '../objects/health-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

interface Options {
  readonly isolateId: string;
  readonly clock: Clock;
  readonly log: LogPort;
  /** How often it is said that a running pod is wanted. */
  readonly noteEveryMs: number;
  /** Who waits together asks together: an answer serves for so long. */
  readonly askEveryMs: number;
  /** What was known, when the object does not answer. */
  known(): HealthSnapshot;
  /** Takes a fresh snapshot for the requests to come. */
  take(snapshot: HealthSnapshot): void;
}

interface Wish {
  notedAtMs: number;
  askedAtMs: number;
  answer: Promise<HealthSnapshot> | null;
  held: number;
}

export function createPodsClient(namespace: Namespace<HealthObjectBase>, options: Options): PodsPort {
  const { isolateId, clock, log, noteEveryMs, askEveryMs } = options;
  const wishes = new Map<string, Wish>();
  const stub = () => namespace.getByName('fleet');

  const wishOf = (podIds: readonly string[]): Wish => {
    const key = podIds.join(' ');
    const known = wishes.get(key);
    if (known !== undefined) return known;
    const wish: Wish = { notedAtMs: Number.NEGATIVE_INFINITY, askedAtMs: Number.NEGATIVE_INFINITY, answer: null, held: 0 };
    wishes.set(key, wish);
    return wish;
  };

  const ask = async (podIds: readonly string[], wish: Wish): Promise<HealthSnapshot> => {
    wish.notedAtMs = clock.now();
    try {
      const fresh = await callObject(stub, (health) => health.want(isolateId, podIds, wish.held), { attempts: 2, pauseMs: 50 });
      options.take(fresh);
      return fresh;
    } catch (error) {
      log.write('warn', 'pods_unavailable', { error });
      return options.known();
    }
  };

  return {
    note(podIds, background) {
      const wish = wishOf(podIds);
      if (clock.now() - wish.notedAtMs >= noteEveryMs) background(ask(podIds, wish));
    },
    want(podIds) {
      const wish = wishOf(podIds);
      if (wish.answer !== null && clock.now() - wish.askedAtMs < askEveryMs) return wish.answer;
      wish.askedAtMs = clock.now();
      wish.answer = ask(podIds, wish);
      return wish.answer;
    },
    hold(podIds) {
      const wish = wishOf(podIds);
      wish.held += 1;
      return () => void (wish.held -= 1);
    },
    read: () => callObject(stub, async (health): Promise<PodStates> => health.pods(), { attempts: 3, pauseMs: 50 }),
    command: (podId, to) => callObject(stub, async (health) => health.commandPod(podId, to), { attempts: 3, pauseMs: 50 }),
  };
}
