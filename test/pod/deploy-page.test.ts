/** The page on deploying: what it prints runs as printed, wherever no account is needed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { noPodScripts } from '../../infra/pod/tools.ts';
import { repoFolder } from '../../infra/wrangler.ts';

const page = readRepoFile('docs/deploy.md');
const blocks = [...page.matchAll(/^```sh( account)?\n(.*?)^```/gms)].map(([, account, text = '']) => ({
  isFree: account === undefined,
  text,
}));
const free = blocks.filter(({ isFree }) => isFree).map(({ text }) => text);
const onAccounts = blocks.filter(({ isFree }) => !isFree).map(({ text }) => text);

/** Runs a block as one would paste it; what it left running is ended. */
async function run(text: string): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], { cwd: repoFolder, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += String(data)));
  await once(child, 'exit');
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // Nothing is left, as it should be.
  }
  return { code: child.exitCode, output };
}

describe.skipIf(noPodScripts !== null)(`docs/deploy.md (${noPodScripts ?? 'its commands'})`, () => {
  it('has blocks of both kinds, the free ones first', () => {
    expect(free.length).toBe(4);
    expect(onAccounts.length).toBe(5);
  });

  it.each([
    ['the rehearsal answers a chat', 'npm start', '"object":"chat.completion"'],
    ['the box: arithmetic and the exact commands', 'infra/pod/pod.sh memory', 'vllm serve'],
    ['the tunnel', 'tunnel:check', 'everything else is 404'],
    ['the doctor', 'doctor', ''],
  ])('%s', async (_, command, words) => {
    const block = free.find((text) => text.includes(command)) ?? 'exit 9';
    const { code, output } = await run(block);
    expect([code, output]).toEqual([0, expect.stringContaining(words)]);
  });

  it('names only commands and options that there are', async () => {
    const { scripts } = z.object({ scripts: z.record(z.string(), z.string()) }).parse(JSON.parse(readRepoFile('package.json')));
    for (const [, name = ''] of page.matchAll(/npm run ([\w:]+)/g)) expect(Object.keys(scripts)).toContain(name);
    const help = (await run('infra/pod/pod.sh --help')).output;
    for (const [, verb = ''] of page.matchAll(/pod\.sh ([a-z]+)/g)) expect(help).toContain(`pod.sh ${verb}`);
  });

  it('has secrets typed into prompts, never as arguments', () => {
    for (const block of onAccounts) expect(block).not.toMatch(/secret put \S+ \S*=|--api-key|ADMIN_TOKEN=[^"\n]/);
  });

  it('the commands for accounts are whole shell', async () => {
    for (const block of onAccounts) expect((await run(`bash -n <<'BLOCK'\n${block}BLOCK`)).code).toBe(0);
  });
});
