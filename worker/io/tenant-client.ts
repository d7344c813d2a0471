/** The tenant object of a key behind its port. Trouble with it closes the door for hard limits: an unchecked budget is no budget. */
import { fail, type Result } from '../../shared/result.ts';
import type { Failure } from '../../shared/errors.ts';
import type { IdempotencyDecision } from '../core/kept/idempotency.ts';
import type { BudgetNumbers } from '../core/limits/budget-state.ts';
import type { RateNumbers } from '../core/limits/rate.ts';
import { heartbeatMs } from '../core/limits/heartbeat.ts';
import type { Clock, LogPort, TenantPort } from '../core/ports.ts';
import type { AdmitAnswer, TenantObjectBase } from '../objects/tenant-object.ts';
import { callObject } from './object-call.ts';

const askOptions = { attempts: 3, pauseMs: 50 };
/** Endings are idempotent and must arrive. */
const endOptions = { attempts: 6, pauseMs: 200 };
/** Who comes a little early speaks for all. */
const soonMs = heartbeatMs * 0.8;

/** What this isolate runs for one tenant. */
interface Running {
  /** When each request was last here to say that it runs: one whose context is gone says nothing. */
  readonly seenAtMs: Map<string, number>;
  sentAtMs: number;
}

export function createTenantClient(namespace: DurableObjectNamespace<TenantObjectBase>, clock: Clock, log: LogPort): TenantPort {
  const running = new Map<string, Running>();
  const stubOf = (tenantId: string) => () => namespace.getByName(`tenant:${tenantId}`);
  const forget = (tenantId: string, id: string): void => {
    const own = running.get(tenantId);
    if (own?.seenAtMs.delete(id) === true && own.seenAtMs.size === 0) running.delete(tenantId);
  };
  return {
    async admit(tenantId, request, limits) {
      try {
        return await callObject(
          stubOf(tenantId),
          async (tenant): Promise<AdmitAnswer> => tenant.admit(request, limits),
          askOptions,
        );
      } catch (error) {
        log.write('error', 'tenant_unavailable', { error });
        return { result: fail({ code: 'state_unavailable' }), rate: null };
      }
    },

    async extend(tenantId, extension, limits) {
      try {
        return await callObject(
          stubOf(tenantId),
          async (tenant): Promise<Failure | null> => tenant.extend(extension, limits),
          askOptions,
        );
      } catch (error) {
        log.write('error', 'tenant_unavailable', { error });
        return { code: 'state_unavailable' };
      }
    },

    hear(tenantId, id, background) {
      const nowMs = clock.now();
      const own = running.get(tenantId) ?? { seenAtMs: new Map<string, number>(), sentAtMs: 0 };
      running.set(tenantId, own);
      own.seenAtMs.set(id, nowMs);
      if (nowMs - own.sentAtMs < soonMs && nowMs >= own.sentAtMs) return;
      own.sentAtMs = nowMs;
      for (const [other, seenAtMs] of own.seenAtMs) if (nowMs - seenAtMs > 2 * heartbeatMs) own.seenAtMs.delete(other);
      const ids = [...own.seenAtMs.keys()];
      background(
        callObject(stubOf(tenantId), async (tenant) => tenant.hear(ids), { attempts: 1, pauseMs: 0 }).catch((error: unknown) => {
          own.sentAtMs = 0;
          log.write('warn', 'tenant_unavailable', { error });
        }),
      );
    },

    async finish(tenantId, settlement, booking) {
      forget(tenantId, settlement.id);
      try {
        const excess = await callObject(stubOf(tenantId), async (tenant) => tenant.finish(settlement, booking), endOptions);
        if (excess > 0) log.write('error', 'reservation_too_small', { excessNanoUsd: excess });
      } catch (error) {
        log.write('error', 'tenant_unavailable', { error });
      }
    },

    async rate(tenantId, limits) {
      try {
        return await callObject(stubOf(tenantId), async (tenant): Promise<RateNumbers> => tenant.rate(limits), {
          attempts: 1,
          pauseMs: 0,
        });
      } catch (error) {
        log.write('warn', 'tenant_unavailable', { error });
        return null;
      }
    },

    async budgets(tenantId, limits) {
      return callObject(
        stubOf(tenantId),
        async (tenant): Promise<readonly BudgetNumbers[]> => tenant.budgets(limits),
        askOptions,
      );
    },

    async begin(tenantId, key, request) {
      try {
        const text = await callObject(stubOf(tenantId), (tenant) => tenant.begin(key, request), askOptions);
        const decision: Result<IdempotencyDecision, Failure> = JSON.parse(text);
        return decision;
      } catch (error) {
        log.write('error', 'tenant_unavailable', { error });
        return fail({ code: 'state_unavailable' });
      }
    },

    async keep(tenantId, key, runId, record) {
      forget(tenantId, runId);
      await callObject(stubOf(tenantId), async (tenant) => tenant.keep(key, runId, record), endOptions).catch((error: unknown) =>
        log.write('error', 'tenant_unavailable', { error }),
      );
    },
  };
}
