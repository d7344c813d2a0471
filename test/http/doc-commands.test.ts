/** The commands of the documentation that ask a gateway, run as printed, each against one with stand-ins for every kind of model. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { poolingServers } from '../../infra/rig/pooling-servers.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import { until } from '../../infra/rig/waiting.ts';
import { readApiPage } from '../../infra/openapi/api-page.ts';
import { isObject } from '../../shared/is-object.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { docCommands, wayOf } from '../core/repo/doc-commands.ts';

const here = 'test/http/doc-commands.test.ts';
const commands = docCommands().filter((command) => wayOf(command)?.[2] === here);
/** Documents and keys are put before they are asked for. */
const first = ['POST /v1/rag/documents', 'POST /admin/keys', 'POST /admin/config'];
/** A socket, and pods that have to be configured: they have tests of their own. */
const elsewhere = /^(?:GET \/admin\/feed$|POST \/admin\/pods\/)/;
const sections = [...readApiPage().sections];
const examples = [
  ...first.flatMap((title) => sections.filter(([own]) => own === title)),
  ...sections.filter(([own]) => !first.includes(own)),
]
  .flatMap(([title, { example }]) => (example === null ? [] : [{ title, ...example }]))
  .filter(({ title }) => !elsewhere.test(title));

let rig: Rig;
/** A stored answer of the page, which one of its examples deletes. */
const storedId = 'resp_7c04dedf3866401d9b6d0e02f536c4a6';
/** What the page's ids are here. */
const real = new Map<string, string>();

beforeAll(async () => {
  rig = await startRig({ on: inject('bundle'), direct: poolingServers });
  const response = await rig.chat(
    { model: 'small', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] },
    { 'x-resumable': 'true' },
  );
  await response.text();
  real.set('61eaaa62a9e541458e4df9fdf7f4a5bc', response.headers.get('x-stream-id') ?? '');
  const request = response.headers.get('x-request-id') ?? '';
  real.set('9d8f1d9c5a8f4a1c8f0c0f5d2a6b7c3e', request);
  await until('it is booked', async () => (await rig.get(`/admin/requests/${request}`)).ok);
});
afterAll(() => rig.stop());

interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Asks for an answer that is stored, as is every one here unless it is declined. Its id. */
async function store(): Promise<string> {
  const response = await fetch(`${rig.url}/v1/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'small', input: 'Hi', max_output_tokens: 9 }),
  });
  const { id } = (await response.json()) as { id: string };
  return id;
}

/** As one would paste it, with the address, the keys and the ids of this gateway. */
async function run(text: string): Promise<Ran> {
  // A key that an example ends is not there for the next one.
  for (const id of ['key_00bb1525b9924578aea84d5e59af88af', 'key_7600fd392fc949e2ba2b2fefd2f31c5c'])
    if (text.includes(id)) real.set(id, (await rig.makeKey()).id);
  if (text.includes(storedId)) real.set(storedId, await store());
  let command = text.replaceAll('http://127.0.0.1:8787', rig.url).replaceAll('pointsman-local-key', clientKey);
  for (const [printed, own] of real) command = command.replaceAll(printed, own);
  const env = {
    ...process.env,
    URL: rig.url,
    KEY: `authorization: Bearer ${clientKey}`,
    ADMIN: `authorization: Bearer ${adminToken}`,
    JSON: 'content-type: application/json',
  };
  const child = spawn('bash', ['-euo', 'pipefail', '-c', command], { cwd: repoFolder, env });
  let [output, errors] = ['', ''];
  child.stdout.on('data', (data) => (output += String(data)));
  child.stderr.on('data', (data) => (errors += String(data)));
  await once(child, 'close');
  return { code: child.exitCode, output, errors };
}

function keysIn(text: string): string[] {
  const value: unknown = JSON.parse(text);
  return isObject(value) ? Object.keys(value) : [];
}

describe('an example of docs/api.md', () => {
  test.each(examples)('$title prints what the page shows', async ({ title, request, language, answer }) => {
    const { code, output, errors } = await run(request);
    expect([title, code, code === 0 ? '' : errors]).toEqual([title, 0, '']);
    if (language === 'json')
      expect([title, ...keysIn(output)]).toEqual(expect.arrayContaining([title, ...keysIn(answer.replaceAll('…', ''))]));
    else expect(output).not.toBe('');
  });
});

describe('a command of another page', () => {
  const others = commands
    .filter(({ page }) => page !== 'docs/api.md')
    .map((command) => [`${command.page}:${command.line}`, command.text] as const);

  test.each(others)('%s: %s', async (_, text) => {
    const { code, output, errors } = await run(text);
    expect([code, code === 0 ? '' : errors]).toEqual([0, '']);
    expect(output.trim()).not.toBe('');
    expect(output).not.toMatch(/"(?:invalid_[a-z_]+|missing_[a-z_]+|not_found|forbidden)"/);
  });
});
