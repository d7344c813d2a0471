/** What is deployed and what it is made of: no secret in it, few packages, each pinned and hashed, none that runs code when installed. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { repoFolder } from '../../wrangler.ts';
import { expectEqual, expectTrue, type SecurityCheck } from '../check.ts';
import { secrets } from '../stand.ts';
import { linesMatching, readRepoFile } from './source.ts';

const keyLike =
  /\b(?:sk-(?:proj-|ant-)?[A-Za-z0-9_-]{20,}|AKIA[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,}|xox[abpr]-[A-Za-z0-9-]{20,}|pm_(?:live|test|dev)_[0-9A-Za-z]{33}_[0-9A-Za-z]{6})\b|-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}/;
export function looksLikeKey(text: string): boolean {
  return keyLike.test(text);
}

const secretNames = /(?:TOKEN|SECRET|PASSWORD|API_KEY|PRIVATE)/;

const vars: SecurityCheck = {
  id: 'no-secret-in-vars',
  threat: 'Secrets in the wrong place',
  rule: 'wrangler.toml holds addresses and names; secrets come from wrangler, locally from a file that git ignores.',
  async run() {
    const text = readRepoFile('wrangler.toml');
    const names = namesOfVars(parse(text));
    const ignored = readRepoFile('.gitignore').split('\n');
    return [
      ...expectEqual(
        'vars that are named like secrets',
        names.filter((name) => secretNames.test(name)),
        [],
      ),
      ...expectTrue('no value looks like a key', !looksLikeKey(text)),
      ...expectTrue('.dev.vars is ignored', ignored.includes('.dev.vars')),
      ...expectTrue('.env is ignored', ignored.includes('.env')),
      ...expectTrue('the example holds no key', !looksLikeKey(readRepoFile('.dev.vars.example'))),
    ];
  },
};

function namesOfVars(table: unknown): string[] {
  if (typeof table !== 'object' || table === null) return [];
  return Object.entries(table).flatMap(([name, value]) =>
    name === 'vars' && typeof value === 'object' && value !== null ? Object.keys(value) : namesOfVars(value),
  );
}

const bundle: SecurityCheck = {
  id: 'no-secret-in-bundle',
  threat: 'Secrets in the wrong place',
  rule: 'What is uploaded holds no key, no test secret, and nothing of the development environment.',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'pointsman-upload-'));
    try {
      const { status, stderr } = spawnSync('wrangler', ['deploy', '--dry-run', '--env', 'production', '--outdir', folder], {
        cwd: repoFolder,
        encoding: 'utf8',
        env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
        shell: process.platform === 'win32',
      });
      if (status !== 0) return [`the bundle did not build: ${stderr.slice(0, 300)}`];
      return readdirSync(folder)
        .filter((name) => /\.(?:js|mjs|wasm)$/.test(name))
        .flatMap((name) => {
          const text = readFileSync(join(folder, name), 'latin1');
          const local = [
            'pointsman-local-key',
            'pointsman-local-admin',
            'stand-in-vllm-key',
            'change-me',
            ...Object.values(secrets),
          ];
          return [
            ...expectTrue(`${name} looks as if it held a key: ${keyLike.exec(text)?.[0]}`, !looksLikeKey(text)),
            ...expectEqual(
              `${name} holds`,
              local.filter((word) => text.includes(word)),
              [],
            ),
          ];
        });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly allowScripts?: Readonly<Record<string, boolean>>;
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly integrity?: string; readonly hasInstallScript?: boolean; readonly link?: boolean }>
  >;
}

const packages: SecurityCheck = {
  id: 'supply-chain',
  threat: 'Supply chain',
  rule: 'At most six packages at run time, every version pinned, every package hashed, no install script runs.',
  async run() {
    const manifest: Manifest = JSON.parse(readRepoFile('package.json'));
    const lock: Lock = JSON.parse(readRepoFile('package-lock.json'));
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    const installed = Object.entries(lock.packages).filter(([path, { link }]) => path !== '' && link !== true);
    const withScripts = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.split('node_modules/').at(-1) ?? '');
    const [major = 0, minor = 0, patch = 0] = (manifest.dependencies['hono'] ?? '').split('.').map(Number);
    return [
      ...expectTrue('six packages at most', Object.keys(manifest.dependencies).length <= 6),
      ...expectEqual(
        'versions that are not pinned',
        Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version)),
        [],
      ),
      ...expectEqual(
        'packages without a hash',
        installed.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path),
        [],
      ),
      ...expectTrue('installation runs no scripts', readRepoFile('infra/bootstrap.mjs').includes("'--ignore-scripts'")),
      ...expectEqual(
        'packages that may run one',
        withScripts.filter((name) => manifest.allowScripts?.[name] === true),
        [],
      ),
      ...expectTrue(
        'hono has its known holes closed (4.12.21)',
        major > 4 || (major === 4 && (minor > 12 || (minor === 12 && patch >= 21))),
      ),
    ];
  },
};

/** A module that is imported when it is needed is named in the code itself. */
const textAsCode = /\beval\(|\bnew Function\(|\bimport\((?!'[a-z-]+(?:\/[a-z-]+)*'\))/;

const constructions: SecurityCheck = {
  id: 'no-code-from-text',
  threat: 'Supply chain',
  rule: 'The Worker evaluates no text, and follows no redirect.',
  async run() {
    return [
      ...linesMatching('worker', textAsCode),
      ...linesMatching('shared', textAsCode),
      ...expectTrue('redirects are manual', linesMatching('worker/io', /redirect: 'manual'/).length > 0),
      ...expectEqual(
        'calls to others than model servers, the key server of Access, the operator’s collector of traces, and the provider and hook of pods',
        linesMatching('worker', /\bfetch\(/).filter(
          // The pages run in browsers; binding.fetch reads them from the Worker's own assets, ledger.fetch opens a socket of the ledger object.
          (line) =>
            !/upstream-fetch\.ts|access-jwt\.ts|io\/tracer\.ts|io\/runpod\.ts|io\/pod-hook\.ts|(?:async|override) fetch\(|\.fetch\(request|^worker\/dashboard\/|(?:binding|ledger)\.fetch\(/.test(
              line,
            ),
        ),
        [],
      ),
      ...expectTrue('pages call their own origin only', linesMatching('worker/routes', /"connect-src 'self'"/).length > 0),
    ];
  },
};

export const supplyChecks: readonly SecurityCheck[] = [vars, bundle, packages, constructions];
