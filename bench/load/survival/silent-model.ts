/** A model server that is slow to its first token, or says nothing at all, in real time: 20 s of silence against a limit of 10 s. */
import { clientIdOf } from '../../../infra/standin/request-log.ts';
import { readAnswer } from '../../../infra/rig/chat-client.ts';
import { startRig } from '../../../infra/rig/rig.ts';
import { ms, type PromiseRow, promise } from '../promise-table.ts';
import type { Scenario } from './scenario.ts';

const limitMs = 10_000;
const answeredWithinMs = 15_000;

const cases: readonly {
  readonly what: string;
  readonly fault: string;
  readonly isStream: boolean;
  readonly maxTokens?: number;
}[] = [
  { what: 'stream, first token after 20 s', fault: 'slow-first-event;ms=20000', isStream: true },
  { what: 'whole answer, first token after 20 s', fault: 'slow-first-event;ms=20000', isStream: false },
  { what: 'stream, headers after 20 s', fault: 'slow-headers;ms=20000', isStream: true },
  { what: 'whole answer, headers after 20 s', fault: 'slow-headers;ms=20000', isStream: false },
  { what: 'stream, comments and no token', fault: 'comments-only', isStream: true },
  { what: 'stream, not a word', fault: 'never-answers', isStream: true },
  { what: 'whole answer, not a word', fault: 'never-answers', isStream: false },
  // Asked for as plain JSON, which has no first event: its limit is that and the time that 60 tokens can take.
  { what: 'short whole answer, not a word', fault: 'never-answers', isStream: false, maxTokens: 60 },
];

export const silentModel: Scenario = {
  name: 'silent-model',
  title: 'a model that is silent for 10 s is left for the other one, and not asked twice',
  async run(bundle) {
    const overrides = { upstreams: { small: { timeouts_ms: { first_event: limitMs } } } };
    const gateway = await startRig({ on: bundle, fleet: { gate: false }, overrides });
    try {
      const answers = await Promise.all(
        cases.map(async ({ what, fault, isStream, maxTokens }, index): Promise<PromiseRow[]> => {
          const requestId = `silent-${index}`;
          const messages = [{ role: 'user', content: `[[fault:${fault};on=small]][[tokens:12]]Name harbour ${index}.` }];
          const limit = maxTokens === undefined ? {} : { max_tokens: maxTokens };
          const answer = await gateway.open({ model: 'small', stream: isStream, messages, ...limit }, { requestId }).answer;
          const { isSuccess } = readAnswer(answer);
          const calls = gateway.calls().filter(({ id }) => clientIdOf(id) === requestId);
          const servers = calls.map(({ server }) => server).join(', ');
          const isInTime = isSuccess && answer.tookMs <= answeredWithinMs;
          return [
            promise(`${what}: answered`, isSuccess ? ms(answer.tookMs) : `${answer.status}`, '≤ 15 s', isInTime),
            promise(`${what}: asked`, servers, 'each model once', servers === 'small, large'),
          ];
        }),
      );
      return answers.flat();
    } finally {
      await gateway.stop();
    }
  },
};
