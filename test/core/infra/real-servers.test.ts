/** What `npm run test:real` does before there is a server: what a machine lacks, steps that are done once, servers that start and stop. */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePort } from '../../../infra/port.ts';
import { type Machine, missingFor } from '../../../infra/real/machine.ts';
import { startServer } from '../../../infra/real/server-process.ts';
import { type Step, isDone, runSteps } from '../../../infra/real/steps.ts';

const machine: Machine = {
  platform: 'linux',
  architecture: 'x64',
  python: 'python3',
  memoryBytes: 20e9,
  diskBytes: 50e9,
};

describe('a machine', () => {
  it.each([
    ['vllm', {}, false, []],
    ['llama', {}, false, []],
    ['vllm', { memoryBytes: 9.5e9 }, false, ['memory: 9.5 GB free, 12 GB needed']],
    ['vllm', { diskBytes: 3e9 }, false, ['disk: 3.0 GB free, 14 GB needed']],
    ['vllm', { diskBytes: 3e9 }, true, []],
    ['vllm', { python: null }, true, ['Python 3.10 or newer with venv']],
    [
      'vllm',
      { platform: 'darwin', architecture: 'arm64' },
      false,
      ['the CPU build of vLLM is for Linux on x64, this is darwin on arm64'],
    ],
    ['llama', { platform: 'darwin', architecture: 'arm64' }, false, []],
    [
      'llama',
      { memoryBytes: 1e9, diskBytes: 5e8 },
      false,
      ['memory: 1.0 GB free, 4 GB needed', 'disk: 0.5 GB free, 1 GB needed'],
    ],
  ] as const)('lacks for %s, with %j, made before: %s', (server, change, isMade, missing) => {
    expect(missingFor(server, { ...machine, ...change }, isMade)).toEqual(missing);
  });
});

let folder: string;
const lines: string[] = [];
const say = (line: string): void => void lines.push(line);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pointsman-real-'));
  lines.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const step = (id: string, script: string, of = '1'): Step => ({
  id,
  what: `the ${id}`,
  of,
  commands: [{ program: process.execPath, args: ['-e', script] }],
});
const append = (text: string): string => `require('node:fs').appendFileSync('made', ${JSON.stringify(text)})`;
const made = (): string => readFileSync(join(folder, 'made'), 'utf8');

describe('steps', () => {
  it('are done once, and again when what they are made of has changed', async () => {
    await runSteps(folder, [step('a', append('a')), step('b', append('b'))], say);
    await runSteps(folder, [step('a', append('a')), step('b', append('B'), '2')], say);
    expect(made()).toBe('abB');
    expect(lines).toEqual(
      ['the a …', 'the a: done in 0 s', 'the b …', 'the b: done in 0 s', 'the b …', 'the b: done in 0 s'].map((line) =>
        expect.stringMatching(`^${line.replace('0 s', '\\d+ s')}$`),
      ),
    );
  });

  it('go on where one failed, which shows the end of what it said', async () => {
    const broken = step('b', 'console.error("no such wheel"); process.exit(3)');
    const failing = runSteps(folder, [step('a', append('a')), broken], say);
    await expect(failing).rejects.toThrow(/^the b failed \(.*, status 3\)\. The end of .*b\.log:\nno such wheel$/);
    expect([isDone(folder, step('a', '')), isDone(folder, broken)]).toEqual([true, false]);
    await runSteps(folder, [step('a', append('a')), step('b', append('b'))], say);
    expect(made()).toBe('ab');
  });
});

describe('a server', () => {
  const serve = `require('node:http').createServer((_, response) => response.end()).listen(Number(process.argv[1]), '127.0.0.1')`;
  const command = (script: string) => ({
    name: 'It',
    program: process.execPath,
    args: ['-e', script, '0'],
    env: {},
    port: 0,
    readyWithinMs: 20_000,
  });

  it('is ready when it says that it is well, and is gone when it was stopped, with all that it started', async () => {
    appendFileSync(
      join(folder, 'child.js'),
      `require('node:fs').writeFileSync('child', String(process.pid)); setInterval(() => {}, 1000);`,
    );
    await runSteps(folder, [], say);
    const port = await freePort();
    const script = `require('node:child_process').spawn(process.execPath, ['child.js']); ${serve}`;
    const server = await startServer(folder, { ...command(script), args: ['-e', script, String(port)], port }, say);
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await expect.poll(() => existsSync(join(folder, 'child'))).toBe(true);
    await server.stop();
    const child = Number(readFileSync(join(folder, 'child'), 'utf8'));
    await expect.poll(() => isAlive(child)).toBe(false);
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
  });

  it('that ends at once is reported with what it said', async () => {
    await runSteps(folder, [], say);
    await expect(startServer(folder, command('console.log("no memory"); process.exit(1)'), say)).rejects.toThrow(
      /It ended\. The end of .*:\nno memory/,
    );
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie waits for whoever adopted it.
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
