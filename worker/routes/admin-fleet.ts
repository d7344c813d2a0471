/** `GET /admin/fleet`: the models behind the gateway, their servers and their places, from the objects that hold them. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { fleetOf } from '../core/fleet/fleet.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

export function fleet(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  const { config, health, admission } = deps.pipeline;
  return async (c) => {
    try {
      const [snapshot, occupied] = await Promise.all([health.read(), admission.read()]);
      return c.json(fleetOf(config, snapshot, occupied));
    } catch (cause) {
      throw new GatewayError({ code: 'state_unavailable' }, { cause });
    }
  };
}
