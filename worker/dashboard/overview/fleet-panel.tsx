/** What stands behind the gateway now: models with their servers, breakers, places and queues, and the tunnels. */
import type { Fleet } from '../../../shared/observed.ts';
import { count, words } from '../data/format.ts';
import { Empty } from '../parts/empty.tsx';
import { Panel } from '../parts/panel.tsx';
import { StatusMark } from '../parts/status-mark.tsx';
import { FleetModelRow } from './fleet-model-row.tsx';
import { toneOf } from './tone-of.ts';

export function FleetPanel({ fleet }: { readonly fleet: Fleet | null }) {
  return (
    <Panel title="Models and tunnels" when="now" class="w-6" isFlush>
      {fleet === null || fleet.models.length === 0 ? (
        <Empty title={fleet === null ? 'Looking …' : 'No models'}>
          {fleet === null ? '' : 'Name one in configs/models.yaml, and deploy.'}
        </Empty>
      ) : (
        <>
          <ul class="fleet">
            {fleet.models.map((model) => (
              <FleetModelRow key={model.id} model={model} />
            ))}
          </ul>
          {fleet.pods.length > 0 && (
            <p class="fleet-tunnels">
              {fleet.pods.map(({ id, phase, trouble, held }) => (
                <StatusMark key={id} tone={trouble === null ? toneOf(phase) : 'bad'}>
                  {`Pod ${id}: ${words(phase)}${trouble === null ? '' : `, ${words(trouble)}`}${held > 0 ? `, ${count(held)} wait` : ''}`}
                </StatusMark>
              ))}
            </p>
          )}
          {fleet.tunnels.length > 0 && (
            <p class="fleet-tunnels">
              {fleet.tunnels.map(({ id, status }) => (
                <StatusMark key={id} tone={toneOf(status)}>{`Tunnel ${id}: ${words(status)}`}</StatusMark>
              ))}
            </p>
          )}
        </>
      )}
    </Panel>
  );
}
