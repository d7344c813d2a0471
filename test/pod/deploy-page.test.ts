/** The page on deploying: what it prints runs as printed, wherever no account is needed; the rest is walked from end to end with stand-ins. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import * as z from 'zod';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { noPodScripts } from '../../infra/pod/tools.ts';
import { adminToken, clientKey } from '../../infra/rig/connect.ts';
import { startRig } from '../../infra/rig/rig.ts';
import { repoFolder } from '../../infra/wrangler.ts';

const page = readRepoFile('docs/deploy.md');
const blocks = [...page.matchAll(/^```sh( account)?\n(.*?)^```/gms)].map(([, account, text = '']) => ({
  isFree: account === undefined,
  text,
}));
const free = blocks.filter(({ isFree }) => isFree).map(({ text }) => text);
const onAccounts = blocks.filter(({ isFree }) => !isFree).map(({ text }) => text);

/** Runs a block as one would paste it; what it left running is ended. */
async function run(
  text: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], { cwd: repoFolder, detached: true, env });
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

  it('leads from an empty account to a served token, with stand-ins for what needs an account', async () => {
    const home = mkdtempSync(join(tmpdir(), 'pointsman-walk-'));
    const rig = await startRig({ on: inject('bundle') });
    try {
      const bin = join(home, 'stand-ins');
      mkdirSync(bin);
      for (const [name, does] of Object.entries(standins)) {
        writeFileSync(join(bin, name), `#!/usr/bin/env bash\necho "${name} $*" >>"$WALK"\n${does}\n`);
        chmodSync(join(bin, name), 0o755);
      }
      const walk = onAccounts
        .join('')
        .replaceAll('/workspace/pointsman', home)
        .replaceAll('https://gateway.YOUR-DOMAIN', rig.url)
        .replaceAll(
          /infra\/pod\/pod\.sh (setup|download|start|stop)/g,
          'infra/pod/pod.sh $1 --card a40 --home "$HOME_OF_POD" --dry-run',
        )
        .replace('infra/pod/pod.sh status', 'true');
      const { code, output } = await run(`cd "$HOME_OF_POD"\n${walk}`, {
        ...process.env,
        PATH: `${bin}:${process.env['PATH'] ?? ''}`,
        WALK: join(home, 'walk'),
        HOME_OF_POD: home,
        REPOSITORY: repoFolder,
        RIG: rig.url,
        STANDIN_TOKEN: adminToken,
        ID: 'id',
        SECRET: 'secret',
        SERVER_KEY: 'key',
        KEY: clientKey,
      });
      expect([code, code === 0 ? '' : output]).toEqual([0, '']);
      expect(output).toContain('"status":"ready"');
      expect(output).toContain('This is the only time the key is shown.');
      expect(output).toContain('"object":"chat.completion"');
      const steps = readFileSync(join(home, 'walk'), 'utf8');
      for (const step of [
        'git clone',
        'cloudflared tunnel create',
        'npx wrangler secret put ADMIN_TOKEN',
        'npm run deploy',
        'npm run keys',
      ])
        expect(steps).toContain(step);
      expect(steps).not.toContain(adminToken);
    } finally {
      await rig.stop();
      rmSync(home, { recursive: true, force: true });
    }
  });
});

/** Programs that reach for an account, the box or the tunnel: each notes how it was called. What asks the gateway is the real one. */
const standins = {
  git: 'mkdir -p "$3" && ln -sfn "$REPOSITORY/infra" "$3/infra"',
  cloudflared: '',
  npx: 'case "$*" in *"secret put ADMIN_TOKEN"*) cat >/dev/null ;; esac',
  openssl: 'echo "$STANDIN_TOKEN"',
  npm: 'shift 3; case "$1" in create) exec node "$REPOSITORY/infra/keys.ts" "$@" ;; esac',
  curl: 'case "$*" in *"$RIG"*) exec "$(type -ap curl | tail -1)" "$@" ;; esac',
};
