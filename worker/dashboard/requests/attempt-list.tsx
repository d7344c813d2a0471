/** Every call of a model server, on the request's own clock. */
import type { RequestDetail } from '../../../shared/observed.ts';
import { count, duration, nanoUsd, words } from '../data/format.ts';
import { toneOf } from '../overview/tone-of.ts';
import { StatusMark } from '../parts/status-mark.tsx';
import { AttemptBar } from './attempt-bar.tsx';

export function AttemptList({ request }: { readonly request: RequestDetail }) {
  const { attempts, latency_ms: latencyMs } = request;
  const endMs = Math.max(latencyMs, 1, ...attempts.map(({ ended_ms: ended }) => ended));
  return (
    <section class="detail">
      <h3>{attempts.length === 1 ? 'One attempt' : `${count(attempts.length)} attempts`}</h3>
      {attempts.length === 0 ? (
        <p class="soft">No model server was called.</p>
      ) : (
        <ol class="attempts">
          {attempts.map((attempt) => (
            <li key={`${attempt.started_ms} ${attempt.upstream}`}>
              <div>
                <strong>{attempt.model}</strong>
                <span class="soft">{`on ${attempt.upstream}`}</span>
                <StatusMark tone={attempt.outcome === 'ok' ? 'good' : toneOf(attempt.outcome) === 'plain' ? 'warn' : 'bad'}>
                  {words(attempt.outcome)}
                </StatusMark>
              </div>
              <AttemptBar attempt={attempt} endMs={endMs} />
              <p class="soft small">
                {`from ${duration(attempt.started_ms)} to ${duration(attempt.ended_ms)}`}
                {attempt.first_byte_ms === null ? ', nothing came' : `, first token at ${duration(attempt.first_byte_ms)}`}
                {`, ${count(attempt.prompt_tokens)} + ${count(attempt.completion_tokens)} tokens, ${nanoUsd(attempt.cost_nano_usd)}`}
              </p>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
