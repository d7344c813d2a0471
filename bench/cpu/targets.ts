/** The gateway, the Workers and the programs it is compared with, each in a process of its own before the same mock model server. */
import { fileURLToPath, URL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildPeer, peerHeaders } from './peer/peer.ts';
import { type Program, startProgram } from './peer/program.ts';
import { peerProgram, type PythonPeer } from './peer/python-peers.ts';
import { type Mock, startMock } from './start-mock.ts';
import { type BuiltBundle, buildGateway, buildGatewayOf, buildWorker } from '../../infra/rig/bundle.ts';
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { serveWorkerd } from '../../infra/rig/workerd.ts';

interface Served {
  readonly url: string;
  /** Of every request to it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Where its heap can be looked at; null unless it was built for that. */
  readonly inspectorUrl: string | null;
  /** CPU time so far, ms. */
  cpuMs(): number;
  /** CPU of a new process of the same kind until its first answer is there, ms. */
  startCpuMs(): Promise<number>;
  stop(): Promise<void>;
}

export interface Target extends Served {
  readonly name: string;
  /** CPU that it takes without any request, ms a second. */
  readonly idleMsPerSecond: number;
}

export interface Bench<Name extends string> {
  readonly mock: Mock;
  target(name: Name): Target;
  stop(): Promise<void>;
}

const idleMs = 2000;

export interface Built extends BuiltBundle {
  /** Of every request to it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Its heap is to be looked at. */
  readonly isInspected?: boolean;
}

/** Makes what a target runs, a Worker or a program, with this address for every upstream. */
export type Builder = (upstreamUrl: string) => Promise<Built | Program>;

/** One of the Workers that do less. */
export function reference(name: 'hono' | 'native-body' | 'pump' | 'transform' | 'buffer-rewrite'): Builder {
  const file = fileURLToPath(new URL(`reference-workers/${name}.ts`, import.meta.url));
  return (upstreamUrl) => buildWorker(file, { UPSTREAM_URL: upstreamUrl });
}

interface GatewayOptions {
  /** Another checkout of this repository; null is this one. */
  readonly checkout?: string | null;
  readonly vars?: Readonly<Record<string, string>>;
  readonly isInspected?: boolean;
  /** Functions keep their names; of this checkout only. */
  readonly isReadable?: boolean;
}

export function gateway({ checkout = null, vars = {}, isInspected = false, isReadable = false }: GatewayOptions = {}): Builder {
  return async (upstreamUrl) => {
    const built = await (checkout === null ? buildGateway(isReadable) : buildGatewayOf(checkout));
    const own = Object.entries(built.vars).map(([name, value]) => [name, name.endsWith('_UPSTREAM_URL') ? upstreamUrl : value]);
    const keys = { BOOTSTRAP_API_KEY: clientKey, ADMIN_TOKEN: adminToken };
    return { ...built, vars: { ...Object.fromEntries(own), ...keys, ...vars }, isInspected };
  };
}

/** Another gateway that runs on Workers. */
export const peer: Builder = async (upstreamUrl) => ({ ...(await buildPeer()), headers: peerHeaders(upstreamUrl) });

/** A gateway that is no Worker. */
export function pythonPeer(name: PythonPeer): Builder {
  return async (upstreamUrl) => peerProgram(name, upstreamUrl);
}

/** Builds and starts every target; everything is gone after `stop`. */
export async function startBench<Name extends string>(builders: Readonly<Record<Name, Builder>>): Promise<Bench<Name>> {
  const mock = await startMock();
  await mock.set({ kind: 'json', bytes: 1024 });
  const running = new Map<string, Served>();
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((served) => served.stop()));
    mock.stop();
  };
  try {
    for (const [name, build] of Object.entries<Builder>(builders)) {
      const built = await build(mock.url);
      running.set(name, await ('command' in built ? serveProgram(built) : serveWorker(built)));
    }
    const targets = await measureIdle(running);
    return {
      mock,
      stop,
      target(name) {
        const target = targets.get(name);
        if (target === undefined) throw new Error(`no target ${name}`);
        return target;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** `stop` throws when the Worker has logged a warning or an error: then the figures are not those of a sound gateway. */
async function serveWorker(built: Built): Promise<Served> {
  let complaint: string | null = null;
  const onOutput = (text: string): void => {
    complaint ??= /^.*"level":"(?:warn|error)".*$/m.exec(text)?.[0] ?? null;
  };
  const workerd = await serveWorkerd(built, { onOutput, isInspected: built.isInspected ?? false });
  const [url] = workerd.urls;
  if (url === undefined) throw new Error('workerd listens nowhere');
  return {
    url,
    headers: built.headers ?? {},
    inspectorUrl: workerd.inspectorUrl,
    cpuMs: workerd.cpuMs,
    startCpuMs: () => startCpuMs(built),
    async stop() {
      await workerd.stop();
      built.remove();
      if (complaint !== null) throw new Error(`The Worker logged: ${complaint.slice(0, 500)}`);
    },
  };
}

async function serveProgram(program: Program): Promise<Served> {
  const running = await startProgram(program);
  return {
    ...running,
    headers: {},
    inspectorUrl: null,
    async startCpuMs() {
      const another = await startProgram(program);
      const ms = another.cpuMs();
      await another.stop();
      return ms;
    },
  };
}

async function startCpuMs(built: Built): Promise<number> {
  const workerd = await serveWorkerd(built);
  try {
    const [url] = workerd.urls;
    await (await fetch(`${url}/livez`)).arrayBuffer();
    return workerd.cpuMs();
  } finally {
    await workerd.stop();
  }
}

async function measureIdle(running: ReadonlyMap<string, Served>): Promise<Map<string, Target>> {
  for (const { url } of running.values()) await (await fetch(`${url}/livez`)).arrayBuffer();
  const before = new Map([...running].map(([name, served]) => [name, served.cpuMs()]));
  await sleep(idleMs);
  return new Map(
    [...running].map(([name, served]) => {
      const idleMsPerSecond = ((served.cpuMs() - (before.get(name) ?? 0)) / idleMs) * 1000;
      return [name, { ...served, name, idleMsPerSecond }];
    }),
  );
}

/** CPU time of a target while `work` runs and shortly after, ms, less what it takes idle. */
export async function cpuOf(target: Target, work: () => Promise<void>): Promise<number> {
  const [startedAt, cpuBefore] = [performance.now(), target.cpuMs()];
  await work();
  // Accounts are written up to half a second after the answers: that is part of the price.
  await sleep(afterMs);
  const seconds = (performance.now() - startedAt) / 1000;
  return target.cpuMs() - cpuBefore - target.idleMsPerSecond * seconds;
}

const afterMs = 650;
