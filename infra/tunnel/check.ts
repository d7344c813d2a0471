/** `npm run tunnel:check`: whether a tunnel's configuration is whole, lets in the gateway and nobody else, and fits wrangler.toml. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { readCommandLine, runCommand, UsageError } from '../command-line.ts';
import { repoFolder } from '../wrangler.ts';
import { openings, placeholders, TunnelConfig } from './ingress.ts';

const help = `Checks the configuration of the tunnel on the GPU box. Asks nobody.

  npm run tunnel:check -- [FILE] [options]

  FILE             infra/tunnel/config.yml
  --env NAME       whose upstream addresses in wrangler.toml must be among its host names (production)
  --template       placeholders are no mistakes
  --help`;

const Vars = z.object({ env: z.record(z.string(), z.object({ vars: z.record(z.string(), z.string()) })) });

async function main(): Promise<number> {
  const options = { env: { type: 'string', default: 'production' }, template: { type: 'boolean', default: false } } as const;
  const { values, positionals } = readCommandLine({ name: 'npm run tunnel:check', help, options, maxPositionals: 1 });
  const file = positionals[0] ?? 'infra/tunnel/config.yml';
  const path = resolve(repoFolder, file);
  if (!existsSync(path)) throw new UsageError(`There is no file ${path}.`);
  const { env } = Vars.parse(parseToml(readFileSync(join(repoFolder, 'wrangler.toml'), 'utf8')));
  const vars = Object.hasOwn(env, values.env) ? env[values.env]?.vars : undefined;
  if (vars === undefined) throw new UsageError(`--env ${values.env}: expected ${Object.keys(env).join(' or ')}.`);
  const parsed = TunnelConfig.safeParse(parseYaml(readFileSync(path, 'utf8'), { merge: true }));
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) console.error(`${file}: ${path.join('.')}: ${message}`);
    return 1;
  }
  const known = parsed.data.ingress.map(({ hostname }) => hostname);
  const missing = Object.entries(vars)
    .filter(([name, value]) => name.endsWith('_UPSTREAM_URL') && value !== '')
    .filter(([, value]) => !known.includes(new URL(value).hostname))
    .map(([name, value]) => `no rule for ${new URL(value).hostname}, which ${name} in wrangler.toml asks for`);
  const left = values.template ? [] : placeholders(parsed.data).map((what) => `still to be replaced: ${what}`);
  const mistakes = [...openings(parsed.data), ...missing, ...left];
  for (const mistake of mistakes) console.error(`${file}: ${mistake}`);
  if (mistakes.length === 0) console.log(`${file}: ${known.length - 1} host names, each behind Access; everything else is 404`);
  return mistakes.length === 0 ? 0 : 1;
}

await runCommand(main);
