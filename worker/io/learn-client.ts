/** What has been learned, behind its port: the deciding head is held in the isolate and asked for again in the background. */
import type { ActiveHead } from '../core/classify/adaptive/adapted.ts';
import type { LearnPort, ShownAnswer } from '../core/learn/ports.ts';
import { encodeFeatures } from '../core/learn/stored.ts';
import type { Clock, LogPort } from '../core/ports.ts';
import type { KeptAnswer, LearnObjectBase } from '../objects/learn-object.ts';
import { callObject } from './object-call.ts';
import type { Namespace } from './object-calls.ts';

interface LearnClientOptions {
  /** Of the pair of models: another pair learns anew. */
  readonly name: string;
  /** How old the head may be. */
  readonly refreshMs: number;
  readonly clock: Clock;
  readonly log: LogPort;
}

const often = { attempts: 2, pauseMs: 50 } as const;
/** What is not safe to repeat: a lost answer leaves the budget smaller, never larger. */
const once = { attempts: 1, pauseMs: 0 } as const;

export function createLearnClient(namespace: Namespace<LearnObjectBase>, options: LearnClientOptions): LearnPort {
  const { clock, log, refreshMs } = options;
  const stub = () => namespace.getByName(`learn:${options.name}`);
  let known: ActiveHead | null = null;
  let knownAtMs = Number.NEGATIVE_INFINITY;

  /** Never rejects: without news, what is known stays. */
  const refresh = async (): Promise<void> => {
    try {
      const news = await callObject(
        stub,
        async (learn): Promise<ActiveHead | 'same' | null> => learn.active(known?.version ?? 0),
        often,
      );
      if (news !== 'same') known = news;
    } catch (error) {
      log.write('warn', 'learning_unavailable', { error });
    }
  };

  return {
    active(background) {
      if (clock.now() - knownAtMs >= refreshMs) {
        knownAtMs = clock.now();
        background(refresh());
      }
      return known;
    },

    keep(answer, background) {
      background(
        callObject(stub, async (learn) => learn.keep(keptOf(answer)), often).catch((error: unknown) =>
          log.write('warn', 'learning_unavailable', { error }),
        ),
      );
    },

    mayShadow: (mostNanoUsd) => callObject(stub, async (learn): Promise<boolean> => learn.mayShadow(mostNanoUsd), once),

    shadowed: (answer, compared, { mostNanoUsd, nanoUsd }) =>
      callObject(stub, async (learn) => learn.shadowed(keptOf(answer), compared, Math.max(0, mostNanoUsd - nanoUsd)), once),

    rate: (id, score) => callObject(stub, async (learn) => learn.rate(id, score), often),
    status: () => callObject(stub, async (learn) => learn.status(), often),
  };
}

function keptOf({ id, shown, modelId, features }: ShownAnswer): KeptAnswer {
  return { id, shown, modelId, features: encodeFeatures(features) };
}
