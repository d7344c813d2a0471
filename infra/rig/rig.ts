/**
 * The whole product on loopback ports for a test, a bench or a check: stand-in model servers, their tunnel's gate, and the Worker in front,
 * under `wrangler dev` or in workerd itself. One place for keys, addresses, readiness, output, and stopping everything, also after a failed
 * start.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Fleet, type FleetModel, type FleetOptions, startFleet } from '../standin/fleet.ts';
import type { LogEntry } from '../standin/request-log.ts';
import type { Bundle } from './bundle.ts';
import { type Addresses, adminToken, clientKey, connect, type GatewayUnderTest, upstreamKey } from './connect.ts';
import { watchForLeaks } from './log-leaks.ts';
import { serveWorkerd } from './workerd.ts';
import { startWranglerDev } from './wrangler-dev.ts';

type Vars = Readonly<Record<string, string>>;

export interface RigOptions {
  /** A bundle is served in workerd itself. */
  readonly on: Bundle | 'wrangler dev';
  /** Merge patch over the configuration. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Further vars, and vars to replace. */
  readonly vars?: Vars | ((fleet: Fleet) => Promise<Vars>);
  /** Two servers behind a gate unless it says otherwise; reached under the variable `<ID>_UPSTREAM_URL`. */
  readonly fleet?: FleetOptions;
  /** Further model servers, reached without the gate. */
  readonly direct?: readonly FleetModel[];
  /** Isolates that share the Durable Objects, each at its own address; 1 by default. In workerd only. */
  readonly isolates?: number;
  /** The heap of workerd can be looked at; costs CPU. */
  readonly isInspected?: boolean;
  /** The set-up has a mistake on purpose: /readyz answers 503. */
  readonly expectsNotReady?: boolean;
}

/** The first isolate, and all of them. */
export interface Rig extends GatewayUnderTest {
  readonly addresses: Addresses;
  readonly isolates: readonly GatewayUnderTest[];
  /** The model servers run in this process, so that their logs can be read and their faults set directly. */
  readonly fleet: Fleet;
  /** Chat calls that the model servers saw, in order of arrival. */
  calls(): readonly ServerCall[];
  /** Where the Durable Objects keep their data; deleted with the rig. */
  readonly stateFolder: string;
  /** What the Worker, its objects and their runtime wrote, the last 5 MB. */
  output(): string;
  /** CPU time of workerd so far, ms; 0 under `wrangler dev`. */
  cpuMs(): number;
  /** Memory that workerd holds, in bytes; 0 under `wrangler dev`. */
  residentBytes(): number;
  /** Where workerd's inspector listens; null unless asked for. */
  readonly inspectorUrl: string | null;
  /** Ends the Worker and restarts it at the same address, on the same data and model servers. workerd is killed, as in a crash. */
  restart(): Promise<void>;
  /** Throws when the output contained a secret. */
  stop(): Promise<void>;
}

export type ServerCall = LogEntry & { readonly server: string };

/** The second one has tool and reasoning parsers enabled, as vLLM can. */
const pair: readonly FleetModel[] = [
  { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small' },
  { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large', toolParser: 'hermes', reasoningParser: true },
];

export async function startRig(options: RigOptions): Promise<Rig> {
  const { fleet: wanted = {}, direct = [] } = options;
  const fleet = await startFleet({
    gateControlPort: 0,
    ...wanted,
    models: [...(wanted.models ?? pair), ...direct],
    shared: { timeScale: 0, apiKey: upstreamKey, control: true, logsBodies: true, maxLogEntries: 200_000, ...wanted.shared },
  });
  try {
    return await startOn(fleet, options);
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

async function startOn(fleet: Fleet, options: RigOptions): Promise<Rig> {
  const vars = await varsFor(fleet, options);
  const leaks = watchForLeaks(vars);
  let output = '';
  const onOutput = (text: string): void => {
    output = (output + text).slice(-5_000_000);
    leaks.note(text);
  };
  const worker = await startWorker(options, vars, onOutput);
  const { directUrls: servers, models } = fleet;
  const controls = Object.fromEntries(Object.values(models).map(({ id, controlUrl }) => [id, controlUrl ?? '']));
  const gate = fleet.gate?.controlUrl ?? '';
  const addresses = worker.urls.map((url): Addresses => ({ url, servers, controls, gate }));
  const isolates = addresses.map(connect);
  const [[first], [address]] = [isolates, addresses];
  if (first === undefined || address === undefined) throw new Error('no isolate');
  const stop = async (): Promise<void> => {
    try {
      await worker.stop();
    } finally {
      await fleet.close();
    }
    // Whatever the test did, the log must not contain a secret.
    if (leaks.found().length > 0) throw new Error(`In the log of the gateway: ${leaks.found().join(', ')}`);
  };
  try {
    await Promise.all(isolates.map((isolate) => expectReady(isolate, options.expectsNotReady === true)));
  } catch (error) {
    await worker.stop();
    throw new Error(`${String(error)}\n${output}`, { cause: error });
  }
  return {
    ...first,
    addresses: address,
    isolates,
    fleet,
    calls: () =>
      Object.values(models)
        .flatMap((model) => model.log().map((entry) => ({ ...entry, server: model.id })))
        .filter(({ path }) => /\/(?:chat\/completions|messages)$/.test(path))
        .toSorted((a, b) => a.receivedAtMs - b.receivedAtMs),
    stateFolder: worker.stateFolder,
    output: () => output,
    cpuMs: worker.cpuMs,
    residentBytes: worker.residentBytes,
    inspectorUrl: worker.inspectorUrl,
    restart: worker.restart,
    stop,
  };
}

async function expectReady({ get }: GatewayUnderTest, isBad: boolean): Promise<void> {
  const response = await get('/readyz');
  const text = await response.text();
  if (response.ok === isBad) throw new Error(`The Worker is ${isBad ? '' : 'not '}ready: ${response.status} ${text}`);
}

interface RunningWorker {
  readonly urls: readonly string[];
  readonly stateFolder: string;
  cpuMs(): number;
  residentBytes(): number;
  readonly inspectorUrl: string | null;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

async function startWorker(
  { on, isolates, isInspected = false, expectsNotReady }: RigOptions,
  vars: Vars,
  onOutput: (text: string) => void,
): Promise<RunningWorker> {
  if (on !== 'wrangler dev') {
    return serveWorkerd(
      { ...on, vars: { ...on.vars, ...vars } },
      { onOutput, isInspected, ...(isolates === undefined ? {} : { isolates }) },
    );
  }
  const stateFolder = mkdtempSync(join(tmpdir(), 'pointsman-state-'));
  const readyStatus = expectsNotReady === true ? 503 : 200;
  const start = (port: number) => startWranglerDev({ port, vars, onOutput, readyStatus, persistTo: stateFolder });
  let running = await start(0);
  const { url } = running;
  return {
    urls: [url],
    stateFolder,
    cpuMs: () => 0,
    residentBytes: () => 0,
    inspectorUrl: null,
    async restart() {
      await running.stop();
      running = await start(Number(new URL(url).port));
    },
    async stop() {
      await running.stop();
      rmSync(stateFolder, { recursive: true, force: true });
    },
  };
}

async function varsFor(fleet: Fleet, { overrides, vars, direct = [] }: RigOptions): Promise<Vars> {
  const urls = { ...fleet.urls, ...Object.fromEntries(direct.map(({ id }) => [id, fleet.directUrls[id] ?? ''])) };
  return {
    ENVIRONMENT: 'development',
    BOOTSTRAP_API_KEY: clientKey,
    ADMIN_TOKEN: adminToken,
    UPSTREAM_API_KEY: upstreamKey,
    ACCESS_CLIENT_ID: fleet.clientId,
    ACCESS_CLIENT_SECRET: fleet.clientSecret,
    ...Object.fromEntries(Object.entries(urls).map(([id, url]) => [`${id.toUpperCase()}_UPSTREAM_URL`, url])),
    ...(overrides === undefined ? {} : { CONFIG_OVERRIDES: JSON.stringify(overrides) }),
    ...(typeof vars === 'function' ? await vars(fleet) : vars),
  };
}
