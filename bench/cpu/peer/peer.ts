/**
 * Another gateway that runs on Workers: Portkey's, from its npm package, with exact versions of what it asks for (later ones of hono break its
 * streams on Workers). Installed without scripts into tmp/peer, which git ignores, when a bench first needs it; not a dependency of this project.
 *
 * The package holds the same application as its Workers build, started for Node. So what listens there is replaced by something that keeps
 * the application's `fetch`, and WebSockets and Redis, which no request here reaches, by nothing. It chooses its paths for
 * Workers by the runtime it finds itself in.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, URL } from 'node:url';
import { type BuiltBundle, buildWorker } from '../../../infra/rig/bundle.ts';
import { repoFolder } from '../../../infra/wrangler.ts';

const folder = join(repoFolder, 'tmp/peer');
const packages = fileURLToPath(new URL('packages.json', import.meta.url));

const files: Readonly<Record<string, string>> = {
  'server.js': 'export function serve({ fetch }) { globalThis.peerFetch = fetch; }\n',
  'sockets.js': `export function createNodeWebSocket() {
  return { injectWebSocket() {}, upgradeWebSocket: () => (c) => c.notFound() };
}\n`,
  'nothing.js': 'export default class {}\n',
  // Imported by the first request: it sets a timer as it loads, which Workers allow within a request only.
  'entry.js': `let loading = null;
export default {
  async fetch(request, env, ctx) {
    loading ??= import('@portkey-ai/gateway');
    await loading;
    return globalThis.peerFetch(request, env, ctx);
  },
};\n`,
};

/** Its Worker; where a request goes is a header of the request. */
export function buildPeer(): Promise<BuiltBundle> {
  install();
  const stub = (name: string): string => join(folder, name);
  return buildWorker(
    stub('entry.js'),
    { ENVIRONMENT: 'production', NODE_ENV: 'production' },
    {
      flags: ['nodejs_compat'],
      alias: {
        '@portkey-ai/gateway': join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js'),
        '@hono/node-server': stub('server.js'),
        '@hono/node-ws': stub('sockets.js'),
        ws: stub('nothing.js'),
        ioredis: stub('nothing.js'),
      },
    },
  );
}

/** Tells it to call the mock model server like an OpenAI-compatible one. */
export function peerHeaders(upstreamUrl: string): Readonly<Record<string, string>> {
  return { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${upstreamUrl}/v1` };
}

function install(): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const installed = join(folder, 'package.json');
  const isCurrent =
    existsSync(join(folder, 'node_modules')) && readFileSync(installed, 'utf8') === readFileSync(packages, 'utf8');
  if (isCurrent) return;
  console.error('Installing the peer gateway into tmp/peer (once) …');
  copyFileSync(packages, installed);
  const { status, stderr } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm could not install the peer gateway; leave it out with --targets.\n${stderr}`);
}
