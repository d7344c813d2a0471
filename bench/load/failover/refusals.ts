/** Scenarios in which a model server answers with an error, or not at all. */
import { allOf, bothForms, type FailoverScenario, isWhole, told, unblamed } from './scenario.ts';
import { sixtyWords } from './stand.ts';

const contextTokens = 2048;

export const refusals: readonly FailoverScenario[] = [
  {
    name: '429-once',
    expected: 'answered whole with at most three calls; a 429 is no mark against the model',
    run: async (stand) =>
      allOf(
        await bothForms(stand, '[[fault:rate-limit;after=1;times=1;on=small]]', ({ calls }) => calls.length <= 3),
        await unblamed(stand, 'small'),
      ),
  },
  {
    name: '429-for-ever',
    expected: 'answered whole by the large model',
    run: (stand) => bothForms(stand, '[[fault:rate-limit;after=60;on=small]]', byLarge),
  },
  {
    name: '500-once',
    expected: 'answered whole with two calls',
    run: (stand) => bothForms(stand, '[[fault:server-error;times=1;on=small]]', ({ calls }) => calls.length === 2),
  },
  {
    name: '503-for-ever',
    expected: 'answered whole by the large model',
    run: (stand) => bothForms(stand, '[[fault:unavailable;on=small]]', byLarge),
  },
  {
    name: 'reset',
    expected: 'answered whole by the large model',
    run: (stand) => bothForms(stand, '[[fault:reset;on=small]]', byLarge),
  },
  {
    name: 'context-400',
    expected: 'a prompt that only the large model has room for is answered by it; no mark against the small one',
    models: { small: { maxModelLen: contextTokens } },
    async run(stand) {
      const text = `[[say:${sixtyWords}]]${'harbour '.repeat(contextTokens)}`;
      const answers = [await stand.ask({ text }), await stand.ask({ text: `${text}.`, isStream: false })];
      const outcomes = answers.map((answer) => ({ seen: told(answer), isKept: isWhole(answer) && byLarge(answer) }));
      return allOf(...outcomes, await unblamed(stand, 'small'));
    },
  },
  {
    name: 'content-filter',
    expected:
      'a refusal by policy is told as 400 content_policy_violation after one call, not routed around; no mark against the model',
    async run(stand) {
      const refused = await stand.ask({ text: '[[fault:content-policy;on=small]]Name a harbour.' });
      const filtered = await stand.ask({ text: '[[fault:finish-as;reason=content_filter;on=small]]Name a harbour.' });
      const healthy = await stand.ask({ text: '[[pace:1]]Name a harbour.' });
      return allOf(
        {
          seen: told(refused),
          isKept: refused.error === 'content_policy_violation' && refused.status === 400 && refused.calls.length === 1,
        },
        { seen: told(filtered), isKept: filtered.error === null && filtered.finishReason === 'content_filter' },
        { seen: told(healthy), isKept: isWhole(healthy) && healthy.calls.join() === 'small' },
        await unblamed(stand, 'small'),
      );
    },
  },
];

function byLarge({ servedBy, calls }: { readonly servedBy: string | null; readonly calls: readonly string[] }): boolean {
  return servedBy === 'qwen2.5-32b' && calls.length <= 3;
}
