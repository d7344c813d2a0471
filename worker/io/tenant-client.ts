/** The tenant object of a key behind its port. Trouble with it closes the door for hard limits: an unchecked budget is no budget. */
import { fail } from '../../shared/result.ts';
import type { Failure } from '../../shared/errors.ts';
import type { Booking } from '../core/ledger/booking.ts';
import type { BudgetNumbers } from '../core/limits/budget-state.ts';
import type { RateLimits, RateNumbers } from '../core/limits/rate.ts';
import type { Extension, ReserveRequest } from '../core/limits/reserve.ts';
import type { OrderAnswer, TenantOrder } from '../core/limits/orders.ts';
import type { TenantLimits } from '../core/limits/tenant-limits.ts';
import type { Settlement } from '../core/limits/tenant-state.ts';
import { heartbeatMs } from '../core/limits/heartbeat.ts';
import type { Background, Clock, LogPort, TenantPort, Timers } from '../core/ports.ts';
import type { TenantObjectBase } from '../objects/tenant-object.ts';
import { callObject, type CallOptions } from './object-call.ts';
import type { Namespace } from './object-calls.ts';
import { TenantLine } from './tenant-line.ts';

const askOptions = { attempts: 3, pauseMs: 50 };
/** For what is said again soon, or can be done without. */
const onceOptions = { attempts: 1, pauseMs: 0 };
/**
 * Endings are idempotent and must arrive: without its own, a request holds its place and its whole reservation until the object gives it up.
 * The platform ends the work behind an answer after 30 s, which the pauses for an overloaded object add up to.
 */
const endOptions = { attempts: 6, pauseMs: 200, overloadedPauseMs: 2000 };
/** Of tenants without a request, a line is no more than the time of its last call. */
const maxLines = 1000;
/** Who comes a little early speaks for all. */
const soonMs = heartbeatMs * 0.8;

/** What this isolate runs for one tenant. */
interface Running {
  /** When each request was last here to say that it runs: one whose context is gone says nothing. */
  readonly seenAtMs: Map<string, number>;
  sentAtMs: number;
}

export function createTenantClient(namespace: Namespace<TenantObjectBase>, clock: Clock, log: LogPort): TenantPort {
  return new TenantClient(namespace, clock, log);
}

class TenantClient implements TenantPort {
  readonly #namespace: Namespace<TenantObjectBase>;
  readonly #clock: Clock;
  readonly #log: LogPort;
  readonly #running = new Map<string, Running>();
  readonly #lines = new Map<string, TenantLine>();

  constructor(namespace: Namespace<TenantObjectBase>, clock: Clock, log: LogPort) {
    this.#namespace = namespace;
    this.#clock = clock;
    this.#log = log;
  }

  async admit(tenantId: string, request: ReserveRequest, limits: TenantLimits, timers: Timers): ReturnType<TenantPort['admit']> {
    try {
      const answer = await this.#order(tenantId, { kind: 'admit', request, limits }, { ...askOptions, timers });
      if (answer.kind !== 'admit') throw new Error('another order was answered');
      return answer;
    } catch (error) {
      this.#log.write('error', 'tenant_unavailable', { error });
      return { result: fail({ code: 'state_unavailable' }), rate: null };
    }
  }

  async extend(tenantId: string, extension: Extension, limits: TenantLimits): Promise<Failure | null> {
    try {
      return await this.#ask(tenantId, async (tenant): Promise<Failure | null> => tenant.extend(extension, limits), askOptions);
    } catch (error) {
      this.#log.write('error', 'tenant_unavailable', { error });
      return { code: 'state_unavailable' };
    }
  }

  hear(tenantId: string, id: string, background: Background): void {
    const nowMs = this.#clock.now();
    const own = this.#running.get(tenantId) ?? { seenAtMs: new Map<string, number>(), sentAtMs: 0 };
    this.#running.set(tenantId, own);
    own.seenAtMs.set(id, nowMs);
    if (nowMs - own.sentAtMs < soonMs && nowMs >= own.sentAtMs) return;
    own.sentAtMs = nowMs;
    for (const [other, seenAtMs] of own.seenAtMs) if (nowMs - seenAtMs > 2 * heartbeatMs) own.seenAtMs.delete(other);
    const ids = [...own.seenAtMs.keys()];
    background(
      this.#ask(tenantId, async (tenant) => tenant.hear(ids), onceOptions).catch((error: unknown) => {
        own.sentAtMs = 0;
        this.#log.write('warn', 'tenant_unavailable', { error });
      }),
    );
  }

  async finish(tenantId: string, settlement: Settlement, booking: Booking | null, timers: Timers): Promise<void> {
    this.#forget(tenantId, settlement.id);
    try {
      const told = booking === null ? null : JSON.stringify(booking);
      const answer = await this.#order(tenantId, { kind: 'finish', settlement, booking: told }, { ...endOptions, timers });
      if (answer.kind !== 'finish') throw new Error('another order was answered');
      const { excessNanoUsd } = answer;
      if (excessNanoUsd > 0) this.#log.write('error', 'reservation_too_small', { excessNanoUsd });
    } catch (error) {
      this.#log.write('error', 'tenant_unavailable', { error });
    }
  }

  async rate(tenantId: string, limits: RateLimits): Promise<RateNumbers | null> {
    try {
      await this.#landed(tenantId);
      return await this.#ask(tenantId, async (tenant): Promise<RateNumbers> => tenant.rate(limits), onceOptions);
    } catch (error) {
      this.#log.write('warn', 'tenant_unavailable', { error });
      return null;
    }
  }

  async budgets(tenantId: string, limits: TenantLimits): Promise<readonly BudgetNumbers[]> {
    await this.#landed(tenantId);
    return this.#ask(tenantId, async (tenant): Promise<readonly BudgetNumbers[]> => tenant.budgets(limits), askOptions);
  }

  /** What is on its way to the object arrives first. An object that does not answer is waited for no longer than any call. */
  async #landed(tenantId: string): Promise<void> {
    const line = this.#lines.get(tenantId);
    if (line !== undefined)
      await callObject(
        () => line,
        (one) => one.flush(),
        onceOptions,
      );
  }

  /** Nothing is heard of a request that has ended. */
  #forget(tenantId: string, id: string): void {
    const own = this.#running.get(tenantId);
    if (own?.seenAtMs.delete(id) === true && own.seenAtMs.size === 0) this.#running.delete(tenantId);
  }

  /** Takes its turn in the tenant's line, and again where that failed. */
  #order(tenantId: string, order: TenantOrder, options: CallOptions): Promise<OrderAnswer> {
    const lineTo = (): TenantLine => {
      const known = this.#lines.get(tenantId);
      if (known !== undefined) return known;
      if (this.#lines.size >= maxLines) for (const [id, line] of this.#lines) if (line.isIdle) this.#lines.delete(id);
      const fresh = new TenantLine((orders) => this.#namespace.getByName(`tenant:${tenantId}`).take(orders), this.#clock);
      this.#lines.set(tenantId, fresh);
      return fresh;
    };
    return callObject(lineTo, (line) => line.ask(order), options);
  }

  #ask<Answer>(
    tenantId: string,
    call: (tenant: DurableObjectStub<TenantObjectBase>) => Promise<Answer>,
    options: CallOptions,
  ): Promise<Answer> {
    return callObject(() => this.#namespace.getByName(`tenant:${tenantId}`), call, options);
  }
}
