/** Builds Workers as a deployment would upload them, each into a temporary folder of its own. Takes about two seconds. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import * as z from 'zod';
import { repoFolder, runWrangler } from '../wrangler.ts';

/** What workerd needs of wrangler.toml; bindings that it cannot serve by itself are left out, and the Worker does without. */
const WranglerToml = z.object({
  compatibility_date: z.string(),
  compatibility_flags: z.array(z.string()),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  vars: z.record(z.string(), z.string()),
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

/** The gateway as it is deployed. */
export function buildGateway(): Promise<BuiltBundle> {
  return build((folder) => ({ args: ['--env', '', '--outdir', folder], entry: 'index.js', ...fromToml() }));
}

/** The gateway together with what stands around it in the lab (lab-worker.ts). */
export function buildLab(): Promise<BuiltBundle> {
  return build((folder) => {
    const toml = fromToml();
    writeFileSync(join(folder, 'lab.ts'), labEntry(toml.objects));
    const args = [join(folder, 'lab.ts'), '--config', 'wrangler.toml', '--env', '', '--no-minify', '--outdir', folder];
    return { ...toml, args, entry: 'lab.js', compatibilityFlags: [...toml.compatibilityFlags, 'unsafe_module'] };
  });
}

/** Any other Worker, on the gateway's compatibility date and without objects. */
export function buildWorker(file: string, vars: Readonly<Record<string, string>>): Promise<BuiltBundle> {
  return build((folder) => {
    const { compatibilityDate, compatibilityFlags } = fromToml();
    const config = join(folder, 'wrangler.json');
    const settings = { name: 'reference', main: file, compatibility_date: compatibilityDate, minify: true };
    writeFileSync(config, JSON.stringify(settings));
    const args = ['--config', config, '--outdir', folder];
    return { args, entry: 'index.js', compatibilityDate, compatibilityFlags, objects: [], vars };
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

function fromToml(): Omit<Bundle, 'folder' | 'entry'> {
  const toml = WranglerToml.parse(parse(readFileSync(join(repoFolder, 'wrangler.toml'), 'utf8')));
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
