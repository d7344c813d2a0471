/** Reads what the doctor looks at: files of the repository, names of secrets in the account, answers of a deployed gateway. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { compileConfigs } from '../config/compile.ts';
import { repoFolder } from '../wrangler.ts';
import type { Deployed, Facts, LiveAnswers, SeenSecrets } from './finding.ts';
import { dryRun, measureStartup, wrangler } from './measure.ts';
import { readSecretsFile } from './settings.ts';

export interface Asked {
  readonly environments: readonly Deployed[];
  readonly secretsFile?: string | undefined;
  readonly url?: string | undefined;
  /** Dry runs and start-up, which take some twenty seconds. */
  readonly measures: boolean;
  /** Without settings nothing is asked of the account. */
  readonly codeOnly: boolean;
}

export async function readFacts({ environments, secretsFile, url, measures, codeOnly }: Asked): Promise<Facts> {
  const read = (path: string): string => readFileSync(join(repoFolder, path), 'utf8');
  const { profiles, mistakes } = compileConfigs(join(repoFolder, 'configs'));
  const secrets: Partial<Record<Deployed, SeenSecrets>> = {};
  if (!codeOnly) for (const environment of environments) secrets[environment] = await secretsOf(environment, secretsFile);
  const runs: Record<string, Awaited<ReturnType<typeof dryRun>>> = {};
  if (measures) for (const environment of ['development', 'staging', 'production']) runs[environment] = await dryRun(environment);
  const tomlText = read('wrangler.toml');
  return {
    tomlText,
    toml: parse(tomlText),
    entry: read('worker/index.ts'),
    wanted: environments,
    profiles,
    configMistakes: mistakes,
    secrets,
    dryRuns: measures ? runs : null,
    startupMs: measures ? await measureStartup() : null,
    today: new Date().toISOString().slice(0, 10),
    live: url === undefined ? null : await askGateway(url),
  };
}

async function secretsOf(environment: Deployed, file: string | undefined): Promise<SeenSecrets> {
  if (file !== undefined) return { from: 'file', why: '', values: readSecretsFile(readFileSync(file, 'utf8')) };
  // Without a token wrangler would open a browser; whoami only says.
  const { output: who, code: whoCode } = await wrangler(['whoami']);
  if (whoCode !== 0 || /not authenticated|not logged in/i.test(who))
    return { from: 'nowhere', why: 'wrangler is not logged in', values: {} };
  const { output, code } = await wrangler(['secret', 'list', '--env', environment, '--format', 'json']);
  const names = code === 0 ? secretNames(output) : null;
  if (names !== null) return { from: 'account', why: '', values: Object.fromEntries(names.map((name) => [name, null])) };
  const isNew = /not found|does not exist|10007/i.test(output);
  return isNew ? { from: 'account', why: '', values: {} } : { from: 'nowhere', why: 'wrangler secret list failed', values: {} };
}

/** Of wrangler's JSON, which may have other lines before it; null where there is none. */
export function secretNames(output: string): string[] | null {
  const [json] = /\[\s*(?:\]|\{[\s\S]*\}\s*\])/.exec(output) ?? [];
  if (json === undefined) return null;
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? list.map((item: unknown) => String(Object(item)['name'])) : null;
  } catch {
    return null;
  }
}

/** Tokens that this repository publishes: none of them may open anything that is deployed. */
const publishedTokens = ['change-me-admin-token', 'pointsman-local-admin'];

async function askGateway(text: string): Promise<LiveAnswers> {
  const url = text.replace(/\/+$/, '');
  const ask = async (path: string, token?: string): Promise<{ status: number; body: string } | null> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answered = await fetch(url + path, { headers, redirect: 'manual', signal: AbortSignal.timeout(15_000) }).catch(
      () => null,
    );
    return answered === null ? null : { status: answered.status, body: await answered.text() };
  };
  const answers: Record<string, { status: number; body: string } | null> = {};
  for (const path of ['/livez', '/readyz', '/stats']) answers[path] = await ask(path);
  const openedBy: string[] = [];
  for (const token of publishedTokens) if ((await ask('/stats', token))?.status === 200) openedBy.push(token);
  return { url, answers, openedBy };
}
