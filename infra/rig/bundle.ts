/** Builds Workers as a deployment would upload them, each into its own temporary folder. Takes about two seconds. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, extname, join } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { repoFolder, runWrangler } from '../wrangler.ts';

/** The parts of wrangler.toml that workerd needs; bindings that it cannot provide are left out, and the Worker runs without them. */
const WranglerToml = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  vars: z.record(z.string(), z.string()),
});

/**
 * The whole wrangler.toml. Its build command is not run: it installs packages, which a bench must not do in another checkout. The pages' files
 * are none of the Worker's, and workerd alone does not serve them.
 */
const DeployedToml = z.looseObject({
  main: z.string(),
  build: z.unknown(),
  assets: z.unknown(),
  // Earlier checkouts have none.
  alias: z.record(z.string(), z.string()).default({}),
});

/** Plain data, so that a global set-up can hand it to test files. */
export interface Bundle {
  readonly folder: string;
  /** The file that workerd starts with. */
  readonly entry: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly objects: readonly { readonly name: string; readonly class_name: string }[];
  readonly vars: Readonly<Record<string, string>>;
}

export interface BuiltBundle extends Bundle {
  remove(): void;
}

/** The gateway as it is deployed. @param isReadable names stay as they are in the source */
export function buildGateway(isReadable = false): Promise<BuiltBundle> {
  const plain = isReadable ? ['--no-minify'] : [];
  return build((folder) => ({ args: ['--env', '', ...plain, '--outdir', folder], entry: 'index.js', ...fromToml() }));
}

/** The gateway of another checkout, whose dependencies must be installed. Nothing in it is written but its compiled configuration. */
export function buildGatewayOf(checkout: string): Promise<BuiltBundle> {
  const compiled = spawnSync(process.execPath, ['infra/config/compile.ts'], { cwd: checkout, encoding: 'utf8' });
  if (compiled.status !== 0) throw new Error(`${checkout}: its configuration does not compile.\n${compiled.stderr}`);
  return build((folder) => {
    const config = join(folder, 'wrangler.json');
    const {
      build: _command,
      assets: _pages,
      main,
      alias,
      ...settings
    } = DeployedToml.parse(parse(readFileSync(join(checkout, 'wrangler.toml'), 'utf8')));
    // Paths in a configuration are its folder's.
    const aliased = Object.fromEntries(Object.entries(alias).map(([name, path]) => [name, join(checkout, path)]));
    writeFileSync(config, JSON.stringify({ ...settings, alias: aliased, main: join(checkout, main) }));
    return { args: ['--config', config, '--env', '', '--outdir', folder], entry: 'index.js', ...fromToml(checkout) };
  });
}

/** The gateway wrapped in the lab (lab-worker.ts). */
export function buildLab(): Promise<BuiltBundle> {
  return build((folder) => {
    const toml = fromToml();
    writeFileSync(join(folder, 'lab.ts'), labEntry(toml.objects));
    const args = [join(folder, 'lab.ts'), '--config', 'wrangler.toml', '--env', '', '--no-minify', '--outdir', folder];
    return { ...toml, args, entry: 'lab.js', compatibilityFlags: [...toml.compatibilityFlags, 'unsafe_module'] };
  });
}

/** One class of objects of the gateway's, and a Worker that drives it. @param driver a file whose default export handles requests */
export function buildObject(file: string, className: string, driver: string): Promise<BuiltBundle> {
  return build((folder) => {
    const { compatibilityDate, compatibilityFlags } = fromToml();
    const from = (path: string) => JSON.stringify(join(repoFolder, path));
    writeFileSync(
      join(folder, 'driven.ts'),
      `export { ${className} } from ${from(file)};\nexport { default } from ${from(driver)};\n`,
    );
    const flags = [...compatibilityFlags, 'unsafe_module'];
    const config = join(folder, 'wrangler.json');
    const settings = { name: 'driven', main: 'driven.ts', compatibility_date: compatibilityDate, minify: true };
    writeFileSync(config, JSON.stringify({ ...settings, compatibility_flags: compatibilityFlags }));
    const args = ['--config', config, '--outdir', folder];
    const objects = [{ name: 'OBJECTS', class_name: className }];
    return { args, entry: 'driven.js', compatibilityDate, compatibilityFlags: flags, objects, vars: {} };
  });
}

export interface WorkerOptions {
  /** Compatibility flags besides the gateway's. */
  readonly flags?: readonly string[];
  /** Module → file that stands in its place. */
  readonly alias?: Readonly<Record<string, string>>;
}

/** Any other Worker, on the gateway's compatibility date and without objects. */
export function buildWorker(
  file: string,
  vars: Readonly<Record<string, string>>,
  { flags = [], alias = {} }: WorkerOptions = {},
): Promise<BuiltBundle> {
  return build((folder) => {
    const { compatibilityDate, compatibilityFlags } = fromToml();
    const config = join(folder, 'wrangler.json');
    const settings = { name: 'reference', main: file, compatibility_date: compatibilityDate, minify: true };
    writeFileSync(config, JSON.stringify({ ...settings, compatibility_flags: flags, alias }));
    const args = ['--config', config, '--outdir', folder];
    // The bundle is named like its entry.
    const entry = `${basename(file, extname(file))}.js`;
    return { args, entry, compatibilityDate, compatibilityFlags: [...compatibilityFlags, ...flags], objects: [], vars };
  });
}

async function build(
  plan: (folder: string) => Omit<Bundle, 'folder'> & { readonly args: readonly string[] },
): Promise<BuiltBundle> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-bundle-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const { args, ...bundle } = plan(folder);
  let output = '';
  const { exited } = runWrangler(['deploy', '--dry-run', ...args], (text) => (output += text));
  if ((await exited) === 0) return { ...bundle, folder, remove };
  remove();
  throw new Error(`wrangler could not build the bundle:\n${output}`);
}

function fromToml(checkout = repoFolder): Omit<Bundle, 'folder' | 'entry'> {
  const toml = WranglerToml.parse(parse(readFileSync(join(checkout, 'wrangler.toml'), 'utf8')));
  return {
    compatibilityDate: toml.compatibility_date,
    compatibilityFlags: toml.compatibility_flags,
    objects: toml.durable_objects.bindings,
    vars: toml.vars,
  };
}

function labEntry(objects: Bundle['objects']): string {
  const from = (path: string) => JSON.stringify(join(repoFolder, path));
  return `
import gateway, * as classes from ${from('worker/index.ts')};
import { surround, watched } from ${from('infra/rig/lab-worker.ts')};
${objects.map(({ class_name: name }) => `export const ${name} = watched(classes.${name}, '${name}');`).join('\n')}
export default surround(gateway, ${JSON.stringify(objects.map(({ name }) => name))});
`;
}
