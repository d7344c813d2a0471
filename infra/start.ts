/**
 * `npm start`: everything on this machine. Stand-in model servers behind a stand-in tunnel gate, or model servers you already run, and
 * the Worker before them. Ctrl-C stops it all.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { ConfigTree } from '../shared/config.ts';
import { compileConfigs, defaultProfile } from './config/compile.ts';
import { startGateway } from './gateway.ts';
import { startStandins, varsFor } from './profile-fleet.ts';
import { repoFolder } from './wrangler.ts';

const help = `Runs the whole gateway on this machine: stand-in model servers, tunnel gate, Worker.

  npm start -- [options]

  --port N             port of the gateway (8787)
  --profile NAME       a profile of configs/ (${defaultProfile})
  --small URL          your own server in place of the small stand-in: vLLM, Ollama, llama.cpp …
  --large URL          the same for the large one
  --upstream ID=URL    the same for any upstream of the profile, repeatable
  --upstream-key KEY   API key of your own servers
  --time-scale N       pace of the stand-ins: 1 like an A40, 0 as fast as possible (0.1)
  --keep               keep statistics between runs, in .wrangler/start
  --help`;

/** For this machine only: the gateway listens on the loopback address. */
const apiKey = 'pointsman-local-key';
const adminToken = 'pointsman-local-admin';
const standinKey = 'stand-in-vllm-key';

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '8787' },
      profile: { type: 'string', default: defaultProfile },
      small: { type: 'string' },
      large: { type: 'string' },
      upstream: { type: 'string', multiple: true },
      'upstream-key': { type: 'string' },
      'time-scale': { type: 'string', default: '0.1' },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return 0;
  }
  const { profiles, mistakes } = compileConfigs(join(repoFolder, 'configs'));
  const config = profiles[values.profile];
  if (mistakes.length > 0 || config === undefined) {
    console.error(
      mistakes.length > 0 ? mistakes.join('\n') : `There is no profile "${values.profile}": ${Object.keys(profiles).join(', ')}`,
    );
    return 1;
  }
  const own = ownServers(values);
  const unknown = Object.keys(own).filter((id) => !Object.hasOwn(config.upstreams, id));
  if (unknown.length > 0) {
    console.error(`The profile has no upstream "${unknown.join('", "')}": ${Object.keys(config.upstreams).join(', ')}`);
    return 1;
  }
  // Stand-ins accept the key that your own servers want, so that both can stand in one profile.
  const upstreamKey = values['upstream-key'] ?? standinKey;
  const fleet = await startStandins(config, own, Number(values['time-scale']), upstreamKey);
  console.log('Starting the Worker …');
  const gateway = await startGateway({
    port: Number(values.port),
    vars: { ...varsFor(config, own, fleet, values.profile, upstreamKey), BOOTSTRAP_API_KEY: apiKey, ADMIN_TOKEN: adminToken },
    ...(values.keep ? { persistTo: join(repoFolder, '.wrangler', 'start') } : {}),
    onOutput: (text) => process.stderr.write(text),
  }).catch(async (error: unknown) => {
    await fleet?.close();
    throw error;
  });
  console.log(banner(gateway.url, config, own));
  const code = await Promise.race([gateway.exited, untilSignal()]);
  console.log('\nStopping …');
  await gateway.stop();
  await fleet?.close();
  return code;
}

function ownServers(values: { small?: string; large?: string; upstream?: string[] }): Record<string, string> {
  const own: Record<string, string> = {};
  if (values.small !== undefined) own['small'] = values.small;
  if (values.large !== undefined) own['large'] = values.large;
  for (const text of values.upstream ?? []) {
    const equals = text.indexOf('=');
    own[text.slice(0, equals)] = text.slice(equals + 1);
  }
  for (const [id, url] of Object.entries(own)) own[id] = new URL(url).origin;
  return own;
}

function banner(url: string, config: ConfigTree, own: Readonly<Record<string, string>>): string {
  const servers = Object.keys(config.upstreams).map((id) => `${id} ${Object.hasOwn(own, id) ? 'your own' : 'stand-in'}`);
  return `
Pointsman is ready.

  OpenAI base URL   ${url}/v1
  API key           ${apiKey}
  Admin token       ${adminToken}
  Model servers     ${servers.join(', ')}

  curl ${url}/v1/chat/completions \\
    -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' \\
    -d '{"messages":[{"role":"user","content":"Hello!"}]}'

  curl ${url}/stats -H 'authorization: Bearer ${adminToken}'

Ctrl-C stops everything.`;
}

function untilSignal(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(0));
  });
}

if (!existsSync(join(repoFolder, 'node_modules'))) throw new Error('Run it as `npm start`, which installs what it needs.');
try {
  process.exit(await main());
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
