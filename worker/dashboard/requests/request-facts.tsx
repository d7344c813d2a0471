/** All that is kept of a request, by name. */
import type { RequestDetail } from '../../../shared/observed.ts';
import { count, dayAndTime, duration, nanoUsd, nothing, percent, timeOfDay, words } from '../data/format.ts';

export function RequestFacts({ request }: { readonly request: RequestDetail }) {
  const saved = request.all_large_cost_nano_usd - request.cost_nano_usd;
  const facts: readonly (readonly [string, string])[] = [
    ['Ended', `${dayAndTime(request.at)} (${timeOfDay(request.at)})`],
    ['Ending', request.error_code === null ? words(request.ending) : `${words(request.ending)}: ${request.error_code}`],
    ['Took', duration(request.latency_ms)],
    ['First token', duration(request.first_byte_ms)],
    ['Asked for', request.requested_model],
    ['Routed to', request.routed_model ?? nothing],
    ['Answered by', request.served_model ?? nothing],
    ['Tier, intent', `${request.tier ?? nothing}, ${request.intent ?? nothing}`],
    ['Confidence in the intent', request.confidence === null ? nothing : percent(request.confidence, 1)],
    ['Strategy, rule', `${request.strategy ?? nothing}, ${request.rule === null ? nothing : words(request.rule)}`],
    ['Tokens', `${count(request.prompt_tokens)} in, ${count(request.completion_tokens)} out`],
    ['Cost', nanoUsd(request.cost_nano_usd)],
    [
      'GPU time',
      request.gpu_ms === undefined ? nothing : `${duration(request.gpu_ms)}, ${nanoUsd(request.gpu_cost_nano_usd ?? 0)}`,
    ],
    ['Saved against all-large', `${nanoUsd(saved)}, ${percent(saved, request.all_large_cost_nano_usd)}`],
    ['Cache', request.cache],
    ['Streamed', request.stream ? 'yes' : 'no'],
    ['Agent', request.agent ?? nothing],
    ['Session', request.session ?? nothing],
    ['Key', request.key_id],
  ];
  return (
    <section class="detail">
      <h3>The record</h3>
      <dl class="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
