/** Scenarios over many requests: an outage from its beginning to its end, and the books after a bad day. */
import { pause } from '../../../infra/rig/waiting.ts';
import * as z from 'zod';
import { allOf, type FailoverScenario, isWhole } from './scenario.ts';
import { type Answer, settlingRequests, type Stand } from './stand.ts';

const outageSeconds = 60;
const backWithinSeconds = 30;

export const longRuns: readonly FailoverScenario[] = [
  {
    name: 'down-60s',
    expected: `every answer whole while the small server is down for ${outageSeconds} s, and in use again within ${backWithinSeconds} s`,
    async run(stand) {
      const { controls } = stand.gateway.fleet.model('small');
      await controls.set({ down: true });
      const answers: Answer[] = [];
      const untilMs = performance.now() + stand.ms(outageSeconds);
      while (performance.now() < untilMs) {
        answers.push(await stand.ask({ text: `[[pace:1]]Name harbour ${answers.length}.`, isStream: answers.length % 2 === 0 }));
        await pause(stand.ms(0.5));
      }
      await controls.set({ down: false });
      const backSeconds = await secondsUntilBack(stand);
      const whole = answers.filter(isWhole).length;
      const back = backSeconds === null ? 'never back' : `back after ${backSeconds.toFixed(1)} s`;
      return allOf(
        { seen: `${whole} of ${answers.length} whole`, isKept: whole === answers.length && answers.length > 0 },
        { seen: back, isKept: backSeconds !== null && backSeconds <= backWithinSeconds },
      );
    },
  },
  {
    name: 'accounting',
    expected: 'every request booked once with the ending that its client saw, and every token that a model server generated',
    async run(stand) {
      const before = await statsOf(stand, settlingRequests);
      const answers: Answer[] = [];
      for (const fault of mixedFaults) {
        for (const isStream of [true, false]) {
          answers.push(await stand.ask({ text: `${fault}[[pace:1]]Name harbour ${answers.length}.`, isStream }));
        }
      }
      const after = await statsOf(stand, before.totals.requests + answers.length);
      const whole = answers.filter(({ error }) => error === null);
      const told = whole.every(({ completionTokens }) => completionTokens === 60);
      const generated = answers.reduce((sum, { generatedTokens }) => sum + generatedTokens, 0);
      const booked = {
        requests: after.totals.requests - before.totals.requests,
        ok: (after.endings['ok'] ?? 0) - (before.endings['ok'] ?? 0),
        tokens: after.totals.tokens.completion - before.totals.tokens.completion,
      };
      return allOf(
        { seen: `${booked.requests} of ${answers.length} requests booked`, isKept: booked.requests === answers.length },
        { seen: `${booked.ok} of ${whole.length} as ok`, isKept: booked.ok === whole.length },
        { seen: `${booked.tokens} tokens, ${generated} generated`, isKept: booked.tokens === generated },
        { seen: told ? 'each client told of 60' : 'a client told of other than 60', isKept: told },
        { seen: `${answers.length - whole.length} errors`, isKept: answers.length - whole.length === 2 },
      );
    },
  },
];

/** Answered by one model, by the other one, by both together, and by none. */
const mixedFaults = [
  '',
  '[[fault:server-error;on=small]]',
  '[[fault:mid-reset;after=30;on=small]]',
  '[[fault:no-usage]]',
  '[[fault:no-done]]',
  '[[fault:content-policy]]',
];

const Stats = z.object({
  totals: z.object({ requests: z.number(), tokens: z.object({ completion: z.number() }) }),
  endings: z.record(z.string(), z.number()),
});

/** Once as many requests are booked, or after three seconds. */
async function statsOf(stand: Stand, requests: number): Promise<z.infer<typeof Stats>> {
  const deadline = performance.now() + 3000;
  for (;;) {
    const stats = await readStats(stand);
    if (stats.totals.requests >= requests || performance.now() > deadline) return stats;
    await pause(100);
  }
}

async function readStats({ gateway }: Stand): Promise<z.infer<typeof Stats>> {
  return Stats.parse(await gateway.stats());
}

async function secondsUntilBack(stand: Stand): Promise<number | null> {
  const startedAtMs = performance.now();
  const since = () => performance.now() - startedAtMs;
  while (since() < stand.ms(2 * backWithinSeconds)) {
    const answer = await stand.ask({ text: '[[pace:1]]Name a harbour.' });
    if (isWhole(answer) && answer.calls.join() === 'small') return since() / stand.ms(1);
    await pause(stand.ms(0.3));
  }
  return null;
}
