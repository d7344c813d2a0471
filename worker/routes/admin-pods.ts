/** `/admin/pods`: the rented pods as they are, and starting and stopping one by hand. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import type { PodReport } from '../../shared/observed.ts';
import { podReports } from '../core/pods/pod-report.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

type Handler = (c: Context<AppEnv>) => Promise<Response>;

export function listPods(deps: Deps): Handler {
  return async (c) => c.json({ pods: await reportsOf(deps) });
}

/** Empty where a deployment has none. */
export async function reportsOf({ pipeline: { pods, config, clock } }: Deps): Promise<PodReport[]> {
  if (pods === null) return [];
  try {
    return podReports(config, await pods.read(), clock.now());
  } catch (cause) {
    throw new GatewayError({ code: 'state_unavailable' }, { cause });
  }
}

export function startPod(deps: Deps): Handler {
  return commanded(deps, 'start');
}

/** It stays stopped until it is started here: no request wakes it. */
export function stopPod(deps: Deps): Handler {
  return commanded(deps, 'stop');
}

function commanded(deps: Deps, to: 'start' | 'stop'): Handler {
  return async (c) => {
    const { pods, config, log } = deps.pipeline;
    const id = c.req.param('id') ?? '';
    const unknown = new GatewayError({
      code: 'not_found',
      param: 'id',
      detail: `Pods: ${Object.keys(config.pods).join(', ') || 'none'}.`,
    });
    if (pods === null || !Object.hasOwn(config.pods, id)) throw unknown;
    const isKnown = await pods.command(id, to).catch((cause: unknown) => {
      throw new GatewayError({ code: 'state_unavailable' }, { cause });
    });
    if (!isKnown) throw unknown;
    log.write('info', 'pod_commanded', { pod: id, to });
    const report = (await reportsOf(deps)).find((one) => one.id === id);
    return c.json(report, 202);
  };
}
