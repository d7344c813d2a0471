/** `npm start` on servers that run already: which name they are asked by, and what the person is told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { overridesFor, probeServers, readOwnServers } from '../../../infra/own-servers.ts';
import { configWith } from '../../support/fakes/config.ts';

const config = configWith();
const small = 'Qwen/Qwen2.5-7B-Instruct';
const open: ReturnType<typeof createServer>[] = [];

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

/** A server that lists these models, or answers with a bare status. */
async function serving(models: readonly string[] | number): Promise<string> {
  const server = createServer((_request, response) => {
    response.statusCode = typeof models === 'number' ? models : 200;
    response.end(typeof models === 'number' ? 'no' : JSON.stringify({ object: 'list', data: models.map((id) => ({ id })) }));
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return `127.0.0.1:${port}`;
}

async function probe(flags: Parameters<typeof readOwnServers>[0]) {
  const probed = await probeServers(readOwnServers(flags, config), config, null);
  return { probed, overrides: overridesFor(probed, config) };
}

describe('an own server', () => {
  it('that serves the configured model changes nothing', async () => {
    const { probed, overrides } = await probe({ small: await serving(['other', small]) });
    expect(probed[0]?.message).toContain(`serves ${small}`);
    expect(overrides).toBeNull();
  });

  it('that serves another model is asked by its name', async () => {
    const { probed, overrides } = await probe({ small: await serving(['llama3.2:3b', 'phi4']) });
    expect(overrides).toEqual({ models: { 'qwen2.5-7b': { served_name: 'llama3.2:3b' } } });
    expect(probed[0]?.message).toMatch(/serves llama3\.2:3b \(of llama3\.2:3b, phi4; --small-model .*in place of Qwen/);
  });

  it('is asked for the model that was chosen, listed or not', async () => {
    const address = await serving(['llama3.2:3b', 'phi4']);
    expect((await probe({ small: address, 'small-model': 'phi4' })).overrides).toEqual({
      models: { 'qwen2.5-7b': { served_name: 'phi4' } },
    });
    const { probed } = await probe({ small: address, 'small-model': 'phi5' });
    expect(probed[0]?.message).toContain('does not list phi5, but llama3.2:3b, phi4');
  });

  it('that has several models gives each tier its own', async () => {
    const address = await serving(['a', 'b']);
    const { overrides } = await probe({ small: address, large: address });
    expect(overrides).toEqual({ models: { 'qwen2.5-7b': { served_name: 'a' }, 'qwen2.5-32b': { served_name: 'b' } } });
  });

  it('cannot be both tiers with one model', async () => {
    const address = await serving(['a']);
    await expect(probe({ small: address, large: address })).rejects.toThrow('has only a, which another model uses already');
  });

  it.each([
    [401, 'refuses the API key (HTTP 401); give the right one with --upstream-key'],
    [404, 'lists no models (HTTP 404)'],
  ])('that answers %d is described', async (status, message) => {
    const { probed, overrides } = await probe({ large: await serving(status) });
    expect(probed[0]?.message).toContain(message);
    expect(overrides).toBeNull();
  });

  it('that is not there is said not to answer', async () => {
    const address = await serving([]);
    await new Promise((resolve) => open.pop()?.close(resolve));
    expect((await probe({ small: address })).probed[0]?.message).toContain('does not answer (connection refused)');
  });
});

describe('the options', () => {
  it.each([
    [{ 'small-model': 'x' }, '--small-model needs --small URL'],
    [{ upstream: ['medium=localhost:1'] }, 'The profile has no upstream "medium"; it has small, large.'],
    [{ upstream: ['small'] }, '--upstream small: expected ID=URL'],
    [{ small: 'ftp://x' }, '--small ftp://x: expected an address'],
  ])('%j are refused with one helpful line', (flags, message) => {
    expect(() => readOwnServers(flags, config)).toThrow(message);
  });

  it('may name the model of any upstream', () => {
    expect(readOwnServers({ upstream: ['large=localhost:1=a=b'] }, config)).toEqual({
      large: { origin: 'http://localhost:1', wantedName: 'a=b' },
    });
  });
});
