/** One model: its state, its places, and each of its servers. */
import type { FleetModel } from '../../../shared/observed.ts';
import { count, percent, span, words } from '../data/format.ts';
import { Meter } from '../parts/meter.tsx';
import { StatusMark } from '../parts/status-mark.tsx';
import { toneOf } from './tone-of.ts';

export function FleetModelRow({ model }: { readonly model: FleetModel }) {
  const { id, status, tier, places, in_use: inUse, queued, instances } = model;
  const isFull = places !== null && inUse >= places;
  return (
    <li>
      <div class="fleet-head">
        <strong>{id}</strong>
        {tier !== null && <span class={`tag is-${tier}`}>{tier}</span>}
        <StatusMark tone={toneOf(status)}>{words(status)}</StatusMark>
        <span class="fleet-places">
          <span class={queued > 0 ? 'warn' : 'soft'}>
            {places === null ? `${count(inUse)} in use, no limit` : `${count(inUse)} of ${count(places)} places`}
            {`, ${count(queued)} waiting`}
          </span>
          {places !== null && places > 0 && <Meter share={inUse / places} tone={isFull ? 'warn' : 'plain'} />}
        </span>
      </div>
      <ul class="fleet-servers">
        {instances.map((server) => (
          <li key={server.upstream}>
            <StatusMark tone={toneOf(server.status)}>{server.upstream}</StatusMark>
            <span class={server.breaker === 'open' ? 'bad' : server.breaker === 'half_open' ? 'warn' : 'soft'}>
              {`breaker ${words(server.breaker)}`}
              {server.until !== null && ` for ${span(Date.parse(server.until) - Date.now())}`}
            </span>
            {server.wedged_since !== null && (
              <span class="bad">{`engine dead for ${span(Date.now() - Date.parse(server.wedged_since))}, its API answers`}</span>
            )}
            {server.consecutive_failures > 0 && (
              <span class="warn">{`${count(server.consecutive_failures)} failures in a row`}</span>
            )}
            {server.running !== null && (
              <span class="soft">{`${count(server.running)} running, ${count(server.waiting ?? 0)} waiting there`}</span>
            )}
            {server.kv_cache_usage !== null && <span class="soft">{`KV cache ${percent(server.kv_cache_usage, 1)}`}</span>}
            <span class="soft">
              {server.last_probe === null ? 'not probed yet' : `probed ${span(Date.now() - Date.parse(server.last_probe))} ago`}
            </span>
          </li>
        ))}
      </ul>
    </li>
  );
}
