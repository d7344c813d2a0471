/** Addresses of the agent bench where no gateway of this kind answers: each is told in a sentence, and nothing hangs. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, it } from 'vitest';
import { readDeployment } from '../../../bench/agents/deployment.ts';

let server: Server | null = null;

/** Where somebody else answers. */
function listening(answer: RequestListener): Promise<string> {
  const own = createServer(answer);
  server = own;
  return new Promise((resolve) => {
    own.listen(0, '127.0.0.1', () => {
      const address = own.address();
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`);
    });
  });
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const read = (url: string, timeoutMs = 15_000) =>
  readDeployment({ url, key: 'k', names: { small: null, large: null }, prices: null, timeoutMs });

const json = (body: unknown): RequestListener => {
  return (_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
};

it('somebody who never answers is given up', async () => {
  const url = await listening(() => undefined);
  await expect(read(url, 50)).rejects.toThrow(`${url} does not answer within 0.05 s.`);
});

it('a page is no gateway', async () => {
  const url = await listening((_, response) => response.writeHead(404).end('<h1>Not found</h1>'));
  await expect(read(url)).rejects.toThrow('answers, but not as a gateway does (HTTP 404). Is --url right?');
});

it('a sign-in page to which one is sent is no gateway either', async () => {
  const url = await listening((_, response) => response.writeHead(302, { location: 'https://login.example.com/' }).end());
  await expect(read(url)).rejects.toThrow('not as a gateway does (HTTP 302)');
});

it('a page with status 200 is none', async () => {
  const url = await listening((_, response) => response.end('<h1>Welcome</h1>'));
  await expect(read(url)).rejects.toThrow('lists models, but not as Pointsman does');
});

it('a model server lists models without tiers, of which none can be chosen', async () => {
  const url = await listening(json({ object: 'list', data: [{ id: 'Qwen/Qwen2.5-7B-Instruct', object: 'model' }] }));
  await expect(read(url)).rejects.toThrow('no small model that this key may use: name one with --small. It has none.');
});

const model = (id: string, tier: string, more: object = {}) => ({
  id,
  kind: 'chat',
  tier,
  price: { input_per_million_usd: 0.2, output_per_million_usd: 0.4 },
  ...more,
});

it('other names are taken as they are listed, and what is not measured is told', async () => {
  const models = [model('tiny', 'small'), model('huge', 'large', { health_status: 'down' }), model('eyes', 'vision')];
  const url = await listening(json({ data: [...models, { id: 'auto', routed: true }] }));
  const { tiers, notes, booked } = await read(url);
  expect(tiers.ids).toEqual({ small: 'tiny', large: 'huge' });
  expect(tiers.picoUsd.small).toEqual({ input: 200_000, output: 400_000 });
  expect(notes).toEqual([
    'The gateway says that huge is down.',
    'What eyes answer is neither small nor large here, and in no cost.',
  ]);
  // It has no books for the key.
  expect(await booked()).toBeNull();
});

it('a model without a price needs one', async () => {
  const url = await listening(json({ data: [model('tiny', 'small', { price: undefined }), model('huge', 'large')] }));
  await expect(read(url)).rejects.toThrow('no price for tiny: give --prices SMALL,LARGE.');
});
