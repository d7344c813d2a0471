/** The gateway and the Workers it is compared with, each in a workerd of its own before the same mock model server. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Mock, startMock } from './start-mock.ts';
import { buildGateway, buildReference, type Served, serve } from './workerd.ts';

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
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-bench-'));
  const mock = await startMock();
  await mock.set({ kind: 'json', bytes: 1024 });
  const at = (name: string): string => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  };
  const running = new Map<string, Served>();
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((served) => served.stop()));
    mock.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const gateway = await buildGateway(at('gateway'), mock.url);
    running.set('gateway', await serve(gateway));
    for (const name of references) running.set(name, await serve(await buildReference(name, at(name), mock.url, gateway)));
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
