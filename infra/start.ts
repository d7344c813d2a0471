/**
 * `npm start`: everything on this machine. Stand-in model servers behind a stand-in tunnel gate, or model servers you already run, and
 * the Worker in front of them. Ctrl-C stops everything.
 */
import { join } from 'node:path';
import type { ConfigTree } from '../shared/config.ts';
import { decimalNumber, portNumber, readCommandLine, runCommand, UsageError } from './command-line.ts';
import { compileConfigs, defaultProfile, describeMistakes } from './config/compile.ts';
import { type PostgresServer, startPostgres } from './postgres/server.ts';
import { type OwnServer, overridesFor, type ProbedServer, probeServers, readOwnServers } from './own-servers.ts';
import { portTaken } from './port.ts';
import { standinsFor, varsFor } from './rig/profile.ts';
import { startWranglerDev } from './rig/wrangler-dev.ts';
import { startFleet } from './standin/fleet.ts';
import { repoFolder } from './wrangler.ts';
import { workerOutput } from './worker-output.ts';

const help = `Runs the whole gateway on this machine: stand-in model servers, tunnel gate, Worker.

  npm start -- [options]

  --port N             port of the gateway (8787)
  --profile NAME       a profile of configs/ (${defaultProfile})
  --small URL          your own server in place of the small stand-in: vLLM, Ollama, llama.cpp …
  --large URL          the same for the large one
  --small-model NAME   which of your server's models to use; without it the configured one, or the first that it lists
  --large-model NAME   the same for the large one
  --upstream ID=URL    the same for any upstream of the profile, repeatable; ID=URL=MODEL names the model too
  --upstream-key KEY   API key of your own servers
  --time-scale N       pace of the stand-ins: 1 like an A40, 0 as fast as possible (0.1)
  --postgres           start a PostgreSQL for the request log too, with nothing to prepare; its data stays in .wrangler/start/postgres
  --keep               keep statistics between runs, in .wrangler/start
  --quiet              no line for every request
  --help`;

/** For this machine only: the gateway listens on the loopback address. */
const apiKey = 'pointsman-local-key';
const adminToken = 'pointsman-local-admin';
const standinKey = 'stand-in-vllm-key';

const options = {
  port: { type: 'string', default: '8787' },
  profile: { type: 'string', default: defaultProfile },
  small: { type: 'string' },
  large: { type: 'string' },
  'small-model': { type: 'string' },
  'large-model': { type: 'string' },
  upstream: { type: 'string', multiple: true },
  'upstream-key': { type: 'string' },
  'time-scale': { type: 'string', default: '0.1' },
  postgres: { type: 'boolean', default: false },
  keep: { type: 'boolean', default: false },
  quiet: { type: 'boolean', default: false },
} as const;

async function main(): Promise<number> {
  const signal = untilSignal();
  const { values } = readCommandLine({ name: 'npm start', help, options });
  const port = portNumber('port', values.port);
  const timeScale = decimalNumber('time-scale', values['time-scale']);
  const config = profileOf(values.profile);
  const own = readOwnServers(values, config);
  const taken = await portTaken(port, 'npm start --');
  if (taken !== null) throw new Error(taken);
  const probed = await probeServers(own, config, values['upstream-key'] ?? null);
  // Stand-ins accept the key of your own servers, so that both can be in one profile.
  const upstreamKey = values['upstream-key'] ?? standinKey;
  const origins = Object.fromEntries(Object.entries(own).map(([id, { origin }]) => [id, origin]));
  const models = standinsFor(config, origins);
  const fleet = models.length === 0 ? null : await startFleet({ models, shared: { timeScale, apiKey: upstreamKey } });
  let postgres: PostgresServer | null = null;
  try {
    if (values.postgres) {
      console.log('Starting PostgreSQL …');
      postgres = await startPostgres({ folder: join(repoFolder, '.wrangler', 'start', 'postgres') });
    }
    console.log('Starting the Worker …');
    const overrides = overridesFor(probed, config);
    const starting = startWranglerDev({
      port,
      vars: {
        ...varsFor(config, origins, fleet, values.profile, upstreamKey),
        ...(overrides === null ? {} : { CONFIG_OVERRIDES: JSON.stringify(overrides) }),
        ...(values.quiet ? {} : { REQUEST_LOG: 'on' }),
        ...(postgres === null ? {} : { DATABASE_URL: postgres.url }),
        BOOTSTRAP_API_KEY: apiKey,
        ADMIN_TOKEN: adminToken,
      },
      ...(values.keep ? { persistTo: join(repoFolder, '.wrangler', 'start') } : {}),
      onOutput: workerOutput((text) => process.stderr.write(text)),
    });
    // Stopped during the start: nothing may keep running.
    const stopped = signal.then(() => starting.then((gateway) => gateway.stop()).catch(() => undefined));
    const gateway = await Promise.race([starting, stopped]);
    if (gateway === undefined) return 0;
    console.log(banner(gateway.url, config, own, probed, postgres?.url ?? null));
    const code = await Promise.race([gateway.exited, signal]);
    console.log('\nStopping …');
    await gateway.stop();
    return code;
  } finally {
    // After the gateway, which may still have rows for it.
    await postgres?.stop();
    await fleet?.close();
  }
}

function profileOf(name: string): ConfigTree {
  const { profiles, mistakes } = compileConfigs(join(repoFolder, 'configs'));
  if (mistakes.length > 0) throw new Error(describeMistakes(mistakes));
  const config = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (config === undefined) throw new UsageError(`There is no profile "${name}"; there are ${Object.keys(profiles).join(', ')}.`);
  return config;
}

function banner(
  url: string,
  config: ConfigTree,
  own: Readonly<Record<string, OwnServer>>,
  probed: readonly ProbedServer[],
  postgresUrl: string | null,
): string {
  const servers = Object.keys(config.upstreams).map((id) => {
    const message = Object.hasOwn(own, id) ? probed.find(({ upstreamId }) => upstreamId === id)?.message : 'stand-in';
    return `${id}: ${message ?? 'your own'}`;
  });
  return `
Pointsman is ready.

  OpenAI base URL   ${url}/v1
  Dashboard         ${url}/dashboard (also /playground and /usage)
  API key           ${apiKey}
  Admin token       ${adminToken}
  Model servers     ${servers.join('\n                    ')}${postgresUrl === null ? '' : `\n  PostgreSQL        ${postgresUrl}`}

  curl ${url}/v1/chat/completions \\
    -H 'authorization: Bearer ${apiKey}' -H 'content-type: application/json' \\
    -d '{"messages":[{"role":"user","content":"Hello!"}]}'

  curl ${url}/stats -H 'authorization: Bearer ${adminToken}'

Ctrl-C stops everything.`;
}

function untilSignal(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(0));
    // Who read the output has left (`npm start | head`): without this Node ends here, and what was started stays.
    for (const output of [process.stdout, process.stderr]) output.on('error', () => resolve(1));
  });
}

await runCommand(main);
