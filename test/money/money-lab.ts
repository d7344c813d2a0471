/** A lab of a test file's own, with what these tests ask it for: keys, what a key's object holds, what the model servers saw. */
import { createHash } from 'node:crypto';
import { inject } from 'vitest';
import { labOverrides } from '../../infra/rig/configs.ts';
import { type Lab, type LabOptions, startLab } from '../../infra/rig/lab.ts';
import { until } from '../../infra/rig/waiting.ts';
import { mergePatch } from '../../shared/merge-patch.ts';
import { loadTenant } from '../../worker/core/limits/load-tenant.ts';
import type { OpenRequest, Settlement, TenantState, TenantSums } from '../../worker/core/limits/tenant-state.ts';
import { keptName } from '../../worker/io/kept-client.ts';

export type { MadeKey } from '../../infra/rig/connect.ts';
export { mostAtOnce } from '../support/calls.ts';

export interface Held {
  readonly leases: number;
  readonly reservedNanoUsd: number;
  /** Over all windows, open and closed. */
  readonly spentNanoUsd: number;
  readonly state: TenantState;
}

export interface MoneyLab extends Lab {
  /** A chat that says so many words, and waits so long before each. */
  ask(key: string, options?: Asked): Promise<Response>;
  /** What the object of a key, or of the deployment, holds. */
  held(tenant: string): Promise<Held>;
  /** Waits until nothing is open there any more. */
  settled(tenant: string): Promise<Held>;
  /** What the ledger has for a key, once it has so many of its requests. */
  booked(keyId: string, requests: number): Promise<number>;
}

export interface Asked {
  readonly text?: string;
  readonly tokens?: number;
  readonly paceMs?: number;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export function bodyOf({ text = '', tokens = 5, paceMs, body = {} }: Asked = {}): Record<string, unknown> {
  const pace = paceMs === undefined ? '' : `[[pace:${paceMs}]]`;
  return {
    model: 'small',
    messages: [{ role: 'user', content: `${pace}[[tokens:${tokens}]]${text}Name a harbour.` }],
    max_tokens: 50,
    ...body,
  };
}

const patientTimeouts = { connect: 8000, first_event: 8000, idle: 4000, total: 20_000 };
/** Patch for hundreds of requests at once: this process plays the clients and the model servers, which are late then. */
export const patient = { upstreams: { small: { timeouts_ms: patientTimeouts }, large: { timeouts_ms: patientTimeouts } } };

/** @param patch over the lab's configuration */
export async function openLab(
  patch: Readonly<Record<string, unknown>> = {},
  vars: Readonly<Record<string, string>> = {},
  special: Pick<LabOptions, 'expectsNotReady' | 'keyRate' | 'direct'> = {},
): Promise<MoneyLab> {
  const overrides = mergePatch(labOverrides, patch) as Record<string, unknown>;
  const lab = await startLab({
    on: inject('bundle'),
    overrides,
    vars,
    ...special,
  });
  const held = async (tenant: string): Promise<Held> => {
    const tables = (await lab.object('TENANT', `tenant:${tenant}`, { do: 'dump' })) as {
      sums: { sums: string }[];
      requests: { request: string; ended: string | null }[];
    };
    const [row] = tables.sums;
    const requests = tables.requests.map(({ request, ended }) => ({
      row: JSON.parse(request) as OpenRequest,
      ended: ended === null ? null : (JSON.parse(ended) as { settlement: Settlement }).settlement,
    }));
    const state = loadTenant(
      row === undefined ? null : (JSON.parse(row.sums) as { sums: TenantSums }).sums,
      requests,
      Date.now(),
    );
    const { windows } = state.sums.budgets;
    return {
      leases: state.open.size,
      reservedNanoUsd: sum([...state.open.values()].map(({ money }) => money?.amountNanoUsd ?? 0)),
      spentNanoUsd: sum(windows.map(({ spentNanoUsd }) => spentNanoUsd)),
      state,
    };
  };
  const { stats } = lab;
  return {
    ...lab,
    held,
    ask: (key, options = {}) =>
      lab.chat(bodyOf(options), options.headers, { key, ...(options.signal ? { signal: options.signal } : {}) }),
    async settled(tenant) {
      await until(`nothing is open for ${tenant}`, async () => {
        const { leases, reservedNanoUsd } = await held(tenant);
        return leases === 0 && reservedNanoUsd === 0;
      });
      return held(tenant);
    },
    async booked(keyId, requests) {
      await until(`the ledger has ${requests} of ${keyId}`, async () => ((await stats()).keys[keyId]?.requests ?? 0) >= requests);
      const key = (await stats()).keys[keyId];
      if (key?.requests !== requests) throw new Error(`${key?.requests} requests of ${keyId}, not ${requests}`);
      return key.cost_nano_usd;
    },
  };
}

/** The object that keeps the answer to an idempotency key of a tenant, and its id there. */
export function keptUnder(tenantId: string, key: string): { readonly object: string; readonly id: string } {
  const id = createHash('sha256').update(`idempotency-key ${key}`).digest('hex').slice(0, 32);
  return { object: keptName(tenantId, id), id };
}

/** What is left of answers in such an object. */
export async function keptRows(lab: Lab, object: string): Promise<{ id: string; record: string; ended_ms: number | null }[]> {
  const { answers } = (await lab.object('KEPT', object, { do: 'dump' })) as {
    answers: { id: string; record: string; ended_ms: number | null }[];
  };
  return answers;
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

export async function codeOf(response: Response): Promise<string | null> {
  const body = (await response.json()) as { error?: { code: string } };
  return body.error?.code ?? null;
}

export function countBy(names: readonly (string | number)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

export const dayMs = 86_400_000;
