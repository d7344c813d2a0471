/** A lab of a test file's own, with what these tests ask it for: keys, what a key's object holds, what the model servers saw. */
import { inject } from 'vitest';
import { labOverrides } from '../../infra/rig/configs.ts';
import { type Lab, type LabOptions, startLab } from '../../infra/rig/lab.ts';
import { until } from '../../infra/rig/waiting.ts';
import type { LogEntry } from '../../infra/standin/request-log.ts';
import { mergePatch } from '../../shared/merge-patch.ts';
import { loadTenant, type OpenRequest, type TenantState, type TenantSums } from '../../worker/core/limits/tenant-state.ts';

export type { MadeKey } from '../../infra/rig/connect.ts';

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

/** @param patch over the lab's configuration */
export async function openLab(
  patch: Readonly<Record<string, unknown>> = {},
  vars: Readonly<Record<string, string>> = {},
  special: Pick<LabOptions, 'expectsNotReady' | 'keyRate'> = {},
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
      requests: { request: string }[];
    };
    const [row] = tables.sums;
    const requests = tables.requests.map(({ request }) => JSON.parse(request) as OpenRequest);
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

/** The most calls that ran on the model servers at the same time. A call that ends as another begins does not overlap it. */
export function mostAtOnce(calls: readonly LogEntry[]): number {
  const edges = calls.flatMap(({ receivedAtMs, endedAtMs }) => [
    { atMs: receivedAtMs, by: 1 },
    { atMs: endedAtMs ?? Number.POSITIVE_INFINITY, by: -1 },
  ]);
  let [now, most] = [0, 0];
  for (const { by } of edges.sort((a, b) => a.atMs - b.atMs || a.by - b.by)) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

export const dayMs = 86_400_000;
