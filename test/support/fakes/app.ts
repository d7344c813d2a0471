/** The whole Worker in Node: every path, header and middleware of the Worker in front of a pipeline on fakes. */
import type { KeyRecord } from '../../../worker/core/auth/key-record.ts';
import { createApp } from '../../../worker/app.ts';
import { surfaces } from '../../../worker/core/surfaces/registry.ts';
import type { Deps } from '../../../worker/deps.ts';
import { createFakeCollections } from './fake-collections.ts';
import { createGateway, type FakeGateway, type GatewayOptions } from './gateway.ts';

export const clientKey = 'pointsman-fake-client-key';
export const usageKey = 'pointsman-fake-usage-only-key';
export const expiredKey = 'pointsman-fake-expired-key';
export const adminToken = 'pointsman-fake-admin-token';

export interface FakeApp {
  readonly gateway: FakeGateway;
  /** A request as a client makes it; `path` may have any spelling. */
  send(method: string, path: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Response>;
}

export function createFakeApp(options: GatewayOptions, allowedModels: readonly string[] | null = null): FakeApp {
  const gateway = createGateway(options);
  const key: KeyRecord = { ...gateway.caller.key, allowedModels };
  const keys = new Map<string, KeyRecord>([
    [clientKey, key],
    [usageKey, { ...key, id: 'key-2', scopes: ['usage'] }],
    [expiredKey, { ...key, id: 'key-3', expiresAtMs: 0 }],
  ]);
  const unused = (): never => {
    throw new Error('this test does not reach the keys');
  };
  const deps: Deps = {
    surfaces: options.surfaces ?? surfaces,
    pipeline: gateway.deps,
    keys: {
      find: async (token) => keys.get(token) ?? null,
      known: (token) => keys.get(token) ?? null,
      list: async () => [...keys.values()],
      get: unused,
      put: unused,
      replace: unused,
      remove: unused,
      note: unused,
      audit: unused,
    },
    documents: { collections: createFakeCollections(), index: null },
    configs: { current: () => unused(), list: unused, get: unused, add: unused },
    loadWith: unused,
    overridden: null,
    feed: { addTicket: unused, open: unused },
    adminToken,
    metricsToken: null,
    deployment: { version: '0', commit: null, environment: 'development', features: {}, postgres: 'off', usesQueue: false },
    tracer: null,
    verifyAccess: null,
    keyEnvironment: 'dev',
    isWithinRate: () => true,
    randomBytes: (count) => new Uint8Array(count),
    // Not one-way, but made of what a digest is made of.
    digest: async (secret) => secret.replaceAll(/[^\w-]/g, '-'),
    isSameSecret: async (a, b) => a === b,
    saltOf: () => 'salt',
    postgres: null,
    logged: null,
    readPage: async () => null,
  };
  const app = createApp(deps);
  const context = { waitUntil: () => undefined, passThroughOnException: () => undefined, props: {} };
  return {
    gateway,
    send(method, path, headers = {}, body) {
      const request = new Request(`http://gateway.test${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
      return gateway.time.runUntil(Promise.resolve(app.fetch(request, {}, context)));
    },
  };
}
