/** The fakes behind every test of the pipeline do what the clients and their objects do in their place (test/edge/state-ports.test.ts). */
import { describe } from 'vitest';
import { plainEntry } from '../core/ledger/entry.ts';
import { configWith } from '../support/fakes/config.ts';
import {
  createFakeAdmission,
  createFakeHealth,
  createFakeKept,
  createFakeLedger,
  createFakeSessions,
} from '../support/fakes/fake-state.ts';
import { createFakeTime } from '../support/fakes/fake-time.ts';
import { openNodePipe } from '../support/fakes/node-pipe.ts';
import { keptSuite } from '../support/suites/kept-suite.ts';
import { pipeSuite } from '../support/suites/pipe-suite.ts';
import { admissionSuite, healthSuite, isolateOf, ledgerSuite, sessionSuite } from '../support/suites/state-suites.ts';

describe('the fake health', () => {
  const { clock } = createFakeTime();
  healthSuite(() => isolateOf(createFakeHealth(configWith(), clock)), clock.now);
});

describe('the fake ledger', () => {
  ledgerSuite(() => {
    const ledger = createFakeLedger();
    const refusals = (): Record<string, number> =>
      Object.fromEntries(ledger.refusals.map((code) => [code, ledger.refusals.filter((other) => other === code).length]));
    const counted = async () => ({ requests: ledger.entries.length, refusals: refusals(), replays: ledger.replays.count });
    return { ...isolateOf(ledger), counted };
  }, plainEntry);
});

describe('the fake admission', () => {
  admissionSuite(async (places) => {
    const time = createFakeTime();
    const queue = { free: null, taken: { waitMs: 1000 }, full: 'full' } as const;
    return { ...isolateOf(createFakeAdmission(time, queue[places])), free: () => time.advance(1000) };
  });
});

describe('the fake sessions', () => {
  const sessions = createFakeSessions();
  sessionSuite(() => isolateOf(sessions));
});

describe('the fake kept answers', () => {
  keptSuite(() => {
    let aheadMs = 0;
    const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    return {
      port: createFakeKept({ now: () => Date.now() + aheadMs }, sleep),
      pass: (ms) => {
        aheadMs += ms;
      },
    };
  });
});

describe('the pipe in Node', () => pipeSuite(openNodePipe));
