/**
 * The gateway in workerd itself before stand-in model servers: what the load benches and the survival tests run against. The model
 * servers live in this process, so that their logs can be read without asking; no gate stands between, its faults are others' business.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { type Fleet, type FleetOptions, startFleet } from '../../infra/standin/fleet.ts';
import type { LogEntry } from '../../infra/standin/request-log.ts';
import { benchKey, buildGateway, type Bundle } from '../cpu/workerd.ts';
import { type Answer, type ChatOptions, type Exchange, get, postChat } from './client.ts';
import { serveIsolates } from './serve-isolates.ts';

export const adminToken = 'load-admin-0123456789';
export { benchKey };

export interface GatewayOptions {
  /** Merge patch over the configuration. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Without a gate unless it says so. */
  readonly fleet?: FleetOptions;
  /** Built once for several gateways; by default built anew. */
  readonly bundle?: Bundle;
  /** Isolates that share the Durable Objects, each at an address of its own; 1 by default. */
  readonly isolates?: number;
}

/** One isolate. */
export interface Gateway {
  readonly url: string;
  readonly fleet: Fleet;
  /** Sends a chat body; with the bench's key unless told otherwise. */
  open(body: unknown, options?: Partial<ChatOptions>): Exchange;
  chat(body: unknown, options?: Partial<ChatOptions>): Promise<Answer>;
  get(path: string): Promise<Answer>;
  /** With the admin token. */
  getJson(path: string): Promise<unknown>;
  /** Makes an API key of a plan. */
  createKey(plan: string): Promise<string>;
  /** Chat calls that the model servers saw, in order of arrival. */
  calls(): readonly (LogEntry & { readonly server: string })[];
}

/** The first isolate, and all of them. */
export interface GatewayOnWorkerd extends Gateway {
  readonly isolates: readonly Gateway[];
  /** CPU time of workerd so far, ms. */
  cpuMs(): number;
  /** What it logged, the last 20 kB. */
  output(): string;
  stop(): Promise<void>;
}

/** The bundle that a deployment would upload, in a folder of its own. */
export async function buildBundle(): Promise<Bundle & { remove(): void }> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-load-'));
  const built = await buildGateway(folder, 'http://127.0.0.1:1');
  return { ...built, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export async function startGatewayOnWorkerd(options: GatewayOptions): Promise<GatewayOnWorkerd> {
  const own = options.bundle === undefined ? await buildBundle() : null;
  const bundle = options.bundle ?? own;
  if (bundle === null) throw new Error('no bundle');
  const fleet = await startFleet({ gate: false, ...options.fleet });
  const vars = { ...bundle.vars, ...varsFor(fleet, options.overrides) };
  const served = await serveIsolates({ ...bundle, vars }, options.isolates).catch(async (error: unknown) => {
    await fleet.close();
    throw error;
  });
  const isolates = served.urls.map((url) => speakTo(url, fleet));
  const [first] = isolates;
  if (first === undefined) throw new Error('no isolate');
  for (const isolate of isolates) await isolate.getJson('/readyz');
  return {
    ...first,
    isolates,
    cpuMs: served.cpuMs,
    output: served.output,
    async stop() {
      await served.stop();
      await fleet.close();
      own?.remove();
    },
  };
}

function varsFor(fleet: Fleet, overrides: Readonly<Record<string, unknown>>): Record<string, string> {
  return {
    BOOTSTRAP_API_KEY: benchKey,
    ADMIN_TOKEN: adminToken,
    ACCESS_CLIENT_ID: fleet.clientId,
    ACCESS_CLIENT_SECRET: fleet.clientSecret,
    SMALL_UPSTREAM_URL: fleet.urls['small'] ?? '',
    LARGE_UPSTREAM_URL: fleet.urls['large'] ?? '',
    CONFIG_OVERRIDES: JSON.stringify(overrides),
  };
}

const NewKey = z.object({ key: z.string() });

function speakTo(url: string, fleet: Fleet): Gateway {
  const asAdmin = { authorization: `Bearer ${adminToken}` };
  return {
    url,
    fleet,
    open: (body, options) => postChat(url, body, { key: benchKey, ...options }),
    chat: (body, options) => postChat(url, body, { key: benchKey, ...options }).answer,
    get: (path) => get(url, path),
    async getJson(path) {
      const response = await fetch(url + path, { headers: asAdmin });
      const text = await response.text();
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
      return JSON.parse(text);
    },
    async createKey(plan) {
      const response = await fetch(`${url}/admin/keys`, {
        method: 'POST',
        headers: { ...asAdmin, 'content-type': 'application/json' },
        body: JSON.stringify({ name: plan, plan }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`POST /admin/keys: ${response.status} ${text}`);
      return NewKey.parse(JSON.parse(text)).key;
    },
    calls: () =>
      Object.values(fleet.models)
        .flatMap((model) => model.log().map((entry) => ({ ...entry, server: model.id })))
        .filter(({ path }) => path === '/v1/chat/completions')
        .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs),
  };
}
