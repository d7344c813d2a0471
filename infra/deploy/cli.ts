/** `npm run deploy`: the doctor, then wrangler, then one request per route. Stops at the first that has something against it. */
import { spawnSync } from 'node:child_process';
import { readCommandLine, runCommand, UsageError } from '../command-line.ts';
import { checks, examine } from '../doctor/checks.ts';
import { wrangler } from '../doctor/measure.ts';
import { readFacts } from '../doctor/read-facts.ts';
import { figureLines, findingLines, verdictLine } from '../doctor/show.ts';
import { repoFolder } from '../wrangler.ts';
import { addressIn, environmentOf, gradualLines, wranglerArguments } from './plan.ts';
import { smoke, smokeLines } from './smoke.ts';

const help = `Deploys staging or production: npm run doctor, wrangler deploy, npm run smoke.

  npm run deploy -- --env staging|production [options]

  --dry-run            everything but the upload
  --gradual            uploads a version that nobody gets yet, and says how to give it a share of the requests
  --secrets-file FILE  secrets to check and to upload (NAME=value lines)
  --url URL            where the gateway will answer, for the smoke test (what wrangler prints)
  --help

ADMIN_TOKEN in the environment lets the smoke test ask every route; without it only the doors are tried.`;

const options = {
  env: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  gradual: { type: 'boolean', default: false },
  'secrets-file': { type: 'string' },
  url: { type: 'string' },
} as const;

await runCommand(async () => {
  const { values } = readCommandLine({ name: 'npm run deploy', help, options });
  const { env, 'dry-run': isDryRun, gradual: isGradual, 'secrets-file': secretsFile, url } = values;
  const isWorkersBuild = process.env['WORKERS_CI'] === '1';
  const environment = environmentOf({ env, isWorkersBuild });
  if (environment === null)
    throw new UsageError(
      `${env === undefined ? '--env is needed' : `--env ${env}`}: expected staging or production. Development is not deployed.`,
    );
  if (!(await passesDoctor(environment, secretsFile, isWorkersBuild))) return 1;
  const args = wranglerArguments(environment, { env, isDryRun, isGradual, secretsFile, commit: commitOf(), isWorkersBuild });
  console.log(`wrangler ${args.join(' ')}`);
  const { output, code } = await wrangler(args);
  console.log(output);
  if (code !== 0) return code;
  if (isDryRun) return 0;
  if (isGradual) {
    for (const line of gradualLines(environment)) console.log(line);
    return 0;
  }
  const address = url ?? addressIn(output);
  if (isWorkersBuild || address === null) {
    console.log(`Then: npm run smoke -- --url ${address ?? 'https://gateway.your-domain'}`);
    return 0;
  }
  const results = await smoke(address, process.env['ADMIN_TOKEN'] ?? null);
  for (const line of smokeLines(results)) console.log(line);
  return results.some(({ problem }) => problem !== null) ? 1 : 0;
});

/** In Workers Builds only the repository's own mistakes stop it: an operator's answers come after the first deployment, which is not ready till then. */
async function passesDoctor(
  environment: 'staging' | 'production',
  secretsFile: string | undefined,
  isFirst: boolean,
): Promise<boolean> {
  const facts = await readFacts({ environments: [environment], secretsFile, measures: true, codeOnly: isFirst });
  const found = examine(facts);
  for (const line of [...figureLines(facts), ...findingLines(found), verdictLine(found, [environment], checks.length)])
    console.log(line);
  const decisive = isFirst ? examine(facts, true) : found;
  if (isFirst && found.length > decisive.length) console.log('The gateway answers 503 not_ready until these are answered.');
  return !decisive.some(({ level }) => level === 'error');
}

function commitOf(): string | null {
  const { status, stdout } = spawnSync('git', ['rev-parse', 'HEAD'], { cwd: repoFolder, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}
