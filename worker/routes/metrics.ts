/** `GET /metrics`: for Prometheus, from the objects that count for all isolates. What one isolate has seen is in none of it. */
import type { Context } from 'hono';
import { GatewayError } from '../../shared/errors.ts';
import { classifierVersion } from '../core/classify/version.ts';
import { metrics as catalog } from '../core/metrics/catalog.ts';
import { exposition, formatFor, formats } from '../core/metrics/exposition.ts';
import type { MetricsSource } from '../core/metrics/metric.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';
import { deploymentBudgets, deploymentTenant, noLimits } from '../pipeline/calls/holders.ts';

export function metrics(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const format = formatFor(c.req.header('accept') ?? null);
    return c.body(exposition(catalog, await readSource(deps), format), 200, { 'content-type': formats[format] });
  };
}

async function readSource({ pipeline }: Deps): Promise<MetricsSource> {
  const { config, ledger, health, admission, tenants, clock, weights, rows, pods: rented } = pipeline;
  const limits = deploymentBudgets(config);
  try {
    const [{ total, lagMs }, snapshot, occupied, budgets, log, pods] = await Promise.all([
      ledger.counted(),
      health.read(),
      admission.read(),
      limits.length === 0 ? [] : tenants.budgets(deploymentTenant, { ...noLimits, budgets: limits }),
      rows?.status() ?? null,
      rented?.read() ?? {},
    ]);
    const version = classifierVersion(config.routing, weights);
    return { config, total, lagMs, snapshot, occupied, budgets, rows: log, pods, classifierVersion: version, nowMs: clock.now() };
  } catch (cause) {
    throw new GatewayError({ code: 'state_unavailable' }, { cause });
  }
}
