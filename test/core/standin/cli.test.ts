/** The command line: one line of JSON when ready, a clean stop on a signal, a clear word for a wrong flag. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, describe, expect, it } from 'vitest';

/** A separate process, on a machine that may be busy. */
const timeout = 30_000;
const children: ReturnType<typeof spawn>[] = [];
afterAll(() => children.forEach((child) => child.kill('SIGKILL')));

function run(...flags: string[]) {
  const child = spawn(process.execPath, [`${import.meta.dirname}/../../../infra/standin/cli.ts`, ...flags], { stdio: 'pipe' });
  children.push(child);
  const output = { out: '', err: '' };
  child.stdout.on('data', (bytes) => (output.out += bytes));
  child.stderr.on('data', (bytes) => (output.err += bytes));
  return { child, output };
}

describe.concurrent('the command line', { timeout }, () => {
  it('serves a list of models behind the gate until it is told to stop', async () => {
    const { child, output } = run('--model', 'id=a,role=coder,served=some/a', '--model', 'id=b,port=0', '--control', '--json');
    await once(child.stdout, 'data');
    const { urls, directUrls, controls, clientId, clientSecret } = JSON.parse(output.out);
    const headers = { 'cf-access-client-id': clientId, 'cf-access-client-secret': clientSecret };
    const models = await (await fetch(`${urls.a}/v1/models`, { headers })).json();
    expect(models).toMatchObject({ data: [{ id: 'some/a' }] });
    expect([(await fetch(`${directUrls.b}/health`)).status, (await fetch(`${controls.b}/__control`)).status]).toEqual([200, 200]);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it.each([
    [['--model', 'id=a,role=poet'], /--model poet: expected .* or /],
    [['--nonsense'], /nonsense/],
    [['--time-scale', 'fast'], /--time-scale fast: expected a number/],
  ])('refuses %j with a clear word', async (flags, words) => {
    const { child, output } = run(...flags);
    expect(await once(child, 'exit')).toEqual([2, null]);
    expect(output.err).toMatch(words);
  });
});
