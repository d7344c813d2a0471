/** The box serves, and goes on serving: order of start, crashes, left-overs, logs, stop; and the gateway in front of it. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { noPodScripts } from '../../infra/pod/tools.ts';
import { upstreamKey } from '../../infra/rig/connect.ts';
import { startRig } from '../../infra/rig/rig.ts';
import { until } from '../../infra/rig/waiting.ts';
import { isRunning, type PodEvent, type PodStand, startPodStand, type Supervised } from '../support/pod/pod-stand.ts';

const withinMs = 90_000;
let pod: PodStand;
let box: Supervised;

const count = (event: string, id: string): number =>
  pod.events().filter((entry) => entry.event === event && entry.id === id).length;

function last(id: string): PodEvent {
  const found = pod.events().findLast((entry) => entry.event === 'start' && entry.id === id);
  if (found === undefined) throw new Error(`${id} was never started`);
  return found;
}

async function startBox(prepare: (stand: PodStand) => void = () => undefined): Promise<void> {
  pod = await startPodStand(upstreamKey);
  pod.writeModels();
  prepare(pod);
  box = pod.supervise();
}

const allReady = () => until('all ready', () => box.output().includes('all ready'), withinMs);

describe.skipIf(noPodScripts !== null)(`the supervisor (${noPodScripts ?? 'of the box'})`, () => {
  beforeAll(async () => {
    await startBox();
    await allReady();
  });
  afterAll(() => pod.remove());

  test('starts the large one, waits until it answers, then the small one, and prints the phases', async () => {
    const order = pod.events().map(({ id, event }) => `${event} ${id}`);
    expect(order).toEqual(['start large', 'ready large', 'start small', 'ready small']);
    for (const phase of [
      'process up',
      'engine up',
      'weights loaded',
      'compiled',
      'memory measured',
      'graphs captured',
      'ready',
    ]) {
      expect(box.output()).toMatch(new RegExp(`large: ${phase} after \\d+ s \\(\\+\\d+ s\\)`));
    }
    expect((await pod.run(['status'])).stdout).toMatch(/large\s+port \d+\s+process \d+\s+restarts 0\s+answers\n/);
  });

  test('the key reaches the server and no command line', async () => {
    const { commandLine, hasKey } = last('small');
    expect(hasKey).toBe(true);
    expect(commandLine).not.toContain(pod.key);
    expect(box.output()).not.toContain(pod.key);
    expect((await fetch(`http://127.0.0.1:${pod.ports.small}/v1/models`)).status).toBe(401);
  });

  test('a second supervisor is refused', async () => {
    const { status, stderr } = await pod.run(['run']);
    expect([status, stderr]).toEqual([1, expect.stringContaining('it runs already')]);
  });

  test('a server that is killed is restarted, its engine with it, and the gateway answers all the while', async () => {
    const gateway = await startRig({
      on: inject('bundle'),
      vars: {
        SMALL_UPSTREAM_URL: `http://127.0.0.1:${pod.ports.small}`,
        LARGE_UPSTREAM_URL: `http://127.0.0.1:${pod.ports.large}`,
      },
    });
    const ask = async (): Promise<string> => {
      const response = await gateway.chat({ model: 'small', messages: [{ role: 'user', content: 'Hello' }] });
      expect(response.status).toBe(200);
      await response.text();
      const { model_id: id } = JSON.parse(response.headers.get('x-routing-metadata') ?? '{}') as { model_id?: string };
      return id ?? '';
    };
    try {
      expect(await ask()).toBe('qwen2.5-7b');
      const { pid, engine = 0 } = last('small');
      process.kill(pid, 'SIGKILL');
      await until('it is gone', () => !isRunning(pid));
      expect(await ask()).toMatch(/^qwen2\.5-(7b|32b)$/);
      await until('the small one starts again', () => count('ready', 'small') === 2, withinMs);
      expect(isRunning(engine)).toBe(false);
      expect(count('start', 'large')).toBe(1);
      await until('the small one answers again', async () => (await ask()) === 'qwen2.5-7b', withinMs);
      expect(box.output()).toMatch(/small: ended after \d+ s; again in 0\.1 s\. Log: /);
    } finally {
      await gateway.stop();
    }
  });

  test('no two servers start at the same time, also when both have crashed', async () => {
    const before = pod.events().length;
    for (const id of ['small', 'large']) process.kill(last(id).pid, 'SIGKILL');
    await until('both are back', () => pod.events().length === before + 4, withinMs);
    const again = pod.events().slice(before);
    expect(again.map(({ event }) => event)).toEqual(['start', 'ready', 'start', 'ready']);
    expect(again[0]?.id).toBe(again[1]?.id);
  });

  test('restart ends one server and leaves the others', async () => {
    const [small, large] = [count('ready', 'small'), count('start', 'large')];
    expect((await pod.run(['restart', 'small'])).status).toBe(0);
    await until('it is back', () => count('ready', 'small') === small + 1, withinMs);
    expect(count('start', 'large')).toBe(large);
  });

  test('one is restarted by an order of the gateway, once in a while, and by nobody else', async () => {
    const secret = 'a-secret-of-the-pod-hook';
    writeFileSync(join(pod.home, 'hook-secret'), `${secret}\n`);
    const hook = pod.hook();
    await until('it listens', () => /listening on \S+:\d+/.test(hook.output()), withinMs);
    const url = `http://127.0.0.1:${/:(\d+)/.exec(hook.output())?.[1]}`;
    const order = async (body: string, path = '/restart', bearer = secret): Promise<number> =>
      (await fetch(url + path, { method: 'POST', body, headers: { authorization: `Bearer ${bearer}` } })).status;
    const starts = count('ready', 'small');
    expect(await order('{"server":"small"}', '/restart', 'another-secret-of-its-length')).toBe(401);
    expect(await order('{"server":"small"}', '/')).toBe(404);
    expect(await order('{"server":"../small"}')).toBe(404);
    expect(await order('[]')).toBe(400);
    expect(await order('{"server":"small"}')).toBe(202);
    await until('it is back', () => count('ready', 'small') === starts + 1, withinMs);
    expect(await order('{"server":"small"}')).toBe(200);
    expect(count('start', 'small')).toBe(starts + 1);
    await hook.stop();
  });

  test('SIGTERM ends everything that it started', async () => {
    expect(await box.stop()).toBe(0);
    const left = pod.events().flatMap(({ pid, engine = pid }) => [pid, engine]);
    expect(left.filter(isRunning)).toEqual([]);
    expect(existsSync(join(pod.home, 'run/supervisor.pid'))).toBe(false);
  });
});

describe.skipIf(noPodScripts !== null)(`a box with trouble (${noPodScripts ?? 'out of memory, killed, chatty'})`, () => {
  beforeAll(() =>
    startBox((stand) => {
      stand.setFault('out-of-memory', 'large');
      stand.setFault('chatty', 'small');
      writeFileSync(join(stand.home, 'tunnel.yml'), '');
    }),
  );
  afterAll(() => pod.remove());

  test('a server that cannot start says why, holds up no other, and is tried again', async () => {
    await until('both answer', () => count('ready', 'large') === 1 && count('ready', 'small') === 1, withinMs);
    expect(box.output()).toContain('the card is full: lower the share or max_num_seqs');
    expect(isRunning(pod.events()[0]?.engine ?? 0)).toBe(false);
  });

  test('the tunnel is kept up beside the servers', async () => {
    const line = `tunnel --config ${join(pod.home, 'tunnel.yml')} run`;
    await until('it runs', () => pod.tunnels().length === 1, withinMs);
    const pid = Number(readFileSync(join(pod.home, 'run/tunnel.pid'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await until('it runs again', () => pod.tunnels().length === 2, withinMs);
    expect(pod.tunnels()).toEqual([line, line]);
  });

  test('a log beyond its size is put aside, and no more are kept than the table says', async () => {
    const log = join(pod.home, 'logs/small.log');
    await until('the log is put aside', () => existsSync(`${log}.1`), withinMs);
    await until('it begins anew', () => statSync(log).size < 100_000, withinMs);
    expect(readFileSync(`${log}.1`, 'utf8')).toContain('xxxx');
    expect(existsSync(`${log}.3`)).toBe(false);
  });

  test('what a killed supervisor left behind is ended by the next command', async () => {
    const old = last('small').pid;
    await box.kill();
    expect((await pod.run(['stop'])).status).toBe(0);
    await until('it is gone', () => !isRunning(old), withinMs);
  });

  test('start returns when all are ready, and stop when all are gone', async () => {
    const { status, stdout, stderr } = await pod.run(['start']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toContain('all ready');
    expect((await pod.run(['stop'])).status).toBe(0);
    expect(isRunning(last('small').pid)).toBe(false);
  });
});
