/** The ports to the gateway's state inside workerd: every client with its Durable Object does what its fake in the pipeline's tests does. */
import { env, reset } from 'cloudflare:test';
import { afterEach, describe } from 'vitest';
import type { Ticket } from '../../worker/core/admission/fair-queue.ts';
import { healthConfig } from '../../worker/core/health/health-config.ts';
import { wireConfig } from '../../worker/set-up.ts';
import { createAdmissionClient } from '../../worker/io/admission-client.ts';
import { openClientPipe } from '../../worker/io/client-pipe.ts';
import { createHealthClient } from '../../worker/io/health-client.ts';
import { createLedgerClient } from '../../worker/io/ledger-client.ts';
import { createSessionClient } from '../../worker/io/session-client.ts';
import { clock } from '../../worker/io/timers.ts';
import { plainEntry } from '../core/ledger/entry.ts';
import { pipeSuite } from '../support/suites/pipe-suite.ts';
import { admissionSuite, healthSuite, isolateOf, ledgerSuite, sessionSuite } from '../support/suites/state-suites.ts';

const log = { write: () => undefined };
const isolateId = 'isolate';

afterEach(() => reset());

describe('health by its object', () => {
  healthSuite(
    () => isolateOf(createHealthClient(env.HEALTH, { isolateId, config: healthConfig(wireConfig(env)), clock, log })),
    clock.now,
  );
});

describe('the ledger by its objects', () => {
  ledgerSuite(() => {
    const isolate = isolateOf(
      createLedgerClient(env.LEDGER, { calls: { take: () => [] }, senderId: isolateId, shards: 2, clock, log }),
    );
    const counted = async () => {
      const { totals, refusals } = await isolate.port.read({ escalation: { alert_rate: 1 }, classifier: {} });
      return { requests: totals.requests, refusals, replays: totals.replayed };
    };
    return { ...isolate, counted };
  }, plainEntry);
});

describe('admission by its object', () => {
  const modelId = 'qwen2.5-32b';
  const model = () => env.ADMISSION.getByName(`model:${modelId}`);
  const ticket = (ticketId: string): Ticket => ({ ticketId, isolateId: 'other', keyId: 'key', weight: 1, priority: 1 });
  /** Enters until an answer is of this kind; the ticket that got it leaves again. */
  const fillUntil = async (kind: 'queued' | 'rejected'): Promise<void> => {
    for (let index = 0; ; index += 1) {
      if ((await model().enter(modelId, ticket(`${index}`))).kind === kind) return model().leave(modelId, `${index}`);
    }
  };

  admissionSuite(async (places) => {
    const client = createAdmissionClient(env.ADMISSION, { isolateId, config: wireConfig(env), clock, log });
    if (places !== 'free') await fillUntil(places === 'taken' ? 'queued' : 'rejected');
    return { ...isolateOf(client), free: () => model().leave(modelId, '0') };
  });
});

describe('sessions by their objects', () => {
  sessionSuite(() => isolateOf(createSessionClient(env.SESSION, { ttlMs: 60_000, clock, log })));
});

describe('the pipe of the platform', () => pipeSuite(openClientPipe));
