/** An isolate's view of what operators changed: how old it may be, who waits for it, and what an object of another version answers. */
import { describe, expect, it } from 'vitest';
import { configFreshForMs, configKnownForMs, createConfigClient } from '../../../worker/io/config-client.ts';
import type { ConfigVersion } from '../../../worker/objects/config-store.ts';

const version = (number: number): ConfigVersion => ({
  version: number,
  atMs: 1,
  actor: 'token',
  action: 'set',
  note: null,
  overrides: { limits: { max_n: number } },
});
const line = { atMs: 1, actor: 'token', action: 'config.set', subject: '' };

function isolate(stub: object) {
  const time = { nowMs: 1_000_000 };
  const events: string[] = [];
  const work: Promise<unknown>[] = [];
  const clock = { now: () => time.nowMs };
  const client = createConfigClient(
    { getByName: () => stub } as never,
    clock as never,
    { write: (_: string, event: string) => void events.push(event) } as never,
  );
  return {
    client,
    events,
    pass: (ms: number) => void (time.nowMs += ms),
    current: () => client.current((running) => void work.push(running)),
    settled: () => Promise.all(work.splice(0)),
    looks: () => work.length,
  };
}

/** As the platform answers for a method that the object's version does not have. */
const olderObject = {
  configVersions: () => Promise.reject(new TypeError('The RPC receiver does not implement the method "configVersions".')),
  addConfig: () => Promise.reject(new TypeError('The RPC receiver does not implement the method "addConfig".')),
};

describe('an isolate', () => {
  it('waits for its first look, then for none while it is asked often enough', async () => {
    let newest = version(1);
    const { current, pass, settled, looks } = isolate({ configVersions: async () => [JSON.stringify(newest)] });
    expect(await current()).toEqual(version(1));
    newest = version(2);
    for (let asked = 0; asked < 9; asked += 1) {
      pass(configFreshForMs / 10);
      expect(current()).toEqual(version(1));
    }
    expect(looks()).toBe(0);
    pass(configFreshForMs / 10);
    expect(current()).toEqual(version(1));
    expect(looks()).toBe(1);
    await settled();
    expect(current()).toEqual(version(2));
  });

  it('waits again where nobody has asked for long', async () => {
    let newest = version(1);
    const { current, pass } = isolate({ configVersions: async () => [JSON.stringify(newest)] });
    await current();
    newest = version(2);
    pass(configKnownForMs);
    expect(await current()).toEqual(version(2));
  });

  it('keeps its own change when a look from before it comes back later', async () => {
    let answer: (rows: string[]) => void = () => undefined;
    let isFirst = true;
    const { client, current, pass, settled } = isolate({
      configVersions: () =>
        isFirst ? Promise.resolve([JSON.stringify(version(1))]) : new Promise<string[]>((resolve) => (answer = resolve)),
      addConfig: async () => true,
    });
    await current();
    isFirst = false;
    pass(configFreshForMs);
    current();
    await client.add(version(2), line);
    answer([JSON.stringify(version(1))]);
    await settled();
    expect(current()).toEqual(version(2));
  });
});

describe('an object of an earlier version, which has no such method', () => {
  it('is taken for one that does not answer: the isolate runs as deployed and says so', async () => {
    const { current, events, pass } = isolate(olderObject);
    expect(await current()).toMatchObject({ version: 0, overrides: {} });
    expect(events).toEqual(['config_unavailable']);
    expect(current()).toMatchObject({ version: 0 });
    pass(1000);
    expect(current()).toMatchObject({ version: 0 });
  });

  it('refuses a change clearly', async () => {
    const { client } = isolate(olderObject);
    await expect(client.add(version(1), line)).rejects.toMatchObject({ code: 'state_unavailable' });
  });
});
