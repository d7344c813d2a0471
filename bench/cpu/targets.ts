/** The gateway and the Workers it is compared with, each in a workerd of its own before the same mock model server. */
import { fileURLToPath, URL } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Mock, startMock } from './start-mock.ts';
import { type BuiltBundle, buildGateway, buildWorker } from '../../infra/rig/bundle.ts';
import { clientKey } from '../../infra/rig/connect.ts';
import { serveWorkerd } from '../../infra/rig/workerd.ts';

interface Served {
  readonly url: string;
  /** CPU time so far, ms. */
  cpuMs(): number;
  stop(): Promise<void>;
}

export interface Target extends Served {
  readonly name: string;
  /** CPU that it takes without any request, ms a second. */
  readonly idleMsPerSecond: number;
}

export interface Bench<Name extends string> {
  readonly mock: Mock;
  target(name: Name | 'gateway'): Target;
  stop(): Promise<void>;
}

const idleMs = 2000;

/** Builds and starts the gateway and the named reference workers; everything is gone after `stop`. */
export async function startBench<Name extends string>(references: readonly Name[]): Promise<Bench<Name>> {
  const mock = await startMock();
  await mock.set({ kind: 'json', bytes: 1024 });
  const running = new Map<string, Served>();
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((served) => served.stop()));
    mock.stop();
  };
  try {
    running.set('gateway', await serve(await builtGateway(mock.url)));
    for (const name of references) {
      const file = fileURLToPath(new URL(`reference-workers/${name}.ts`, import.meta.url));
      running.set(name, await serve(await buildWorker(file, { UPSTREAM_URL: mock.url })));
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

/** With every upstream at one address. */
async function builtGateway(upstreamUrl: string): Promise<BuiltBundle> {
  const built = await buildGateway();
  const vars = Object.entries(built.vars).map(([name, value]) => [name, name.endsWith('_UPSTREAM_URL') ? upstreamUrl : value]);
  return { ...built, vars: { ...Object.fromEntries(vars), BOOTSTRAP_API_KEY: clientKey } };
}

/** `stop` throws when the Worker has logged a warning or an error: then the figures are not those of a sound gateway. */
async function serve(built: BuiltBundle): Promise<Served> {
  let complaint: string | null = null;
  const onOutput = (text: string): void => {
    complaint ??= /^.*"level":"(?:warn|error)".*$/m.exec(text)?.[0] ?? null;
  };
  const workerd = await serveWorkerd(built, { onOutput });
  const [url] = workerd.urls;
  if (url === undefined) throw new Error('workerd listens nowhere');
  return {
    url,
    cpuMs: workerd.cpuMs,
    async stop() {
      await workerd.stop();
      built.remove();
      if (complaint !== null) throw new Error(`The Worker logged: ${complaint.slice(0, 500)}`);
    },
  };
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
