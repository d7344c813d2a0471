/**
 * Bundles worker/dashboard/ into worker/generated/pages/: a script for each page, one style sheet, named by their contents, what pages share in
 * chunks of their own, and the HTML that loads them. Nothing is inline and nothing comes from elsewhere, so the policy that the pages are
 * served with can forbid both.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type BuildResult, type Metafile } from 'esbuild';
import { repoFolder } from '../wrangler.ts';

const source = join(repoFolder, 'worker', 'dashboard');
export const pagesFolder = join(repoFolder, 'worker', 'generated', 'pages');

const titles: Readonly<Record<string, string>> = { dashboard: 'Dashboard', playground: 'Playground', usage: 'My usage' };

/** Everything together; a reader of one page loads less. */
export const gzipBudgetKiB = 90;

/** What the platform adds to the files that it serves by itself. The names of assets change with their contents, so they may be kept. */
const headers = `/*.html
  cache-control: no-store
  content-security-policy: default-src 'none'; frame-ancestors 'none'
  x-content-type-options: nosniff
/assets/*
  cache-control: public, max-age=31536000, immutable
  content-security-policy: default-src 'none'; frame-ancestors 'none'
  x-content-type-options: nosniff
  referrer-policy: no-referrer
  cross-origin-resource-policy: same-origin
/openapi.json
  cache-control: public, max-age=300
  access-control-allow-origin: *
  content-security-policy: default-src 'none'; frame-ancestors 'none'
  x-content-type-options: nosniff
  referrer-policy: no-referrer
`;

/** Path below the folder of pages → contents. */
export type PageFiles = ReadonlyMap<string, string>;

/** Writes the pages; false when they do not build or have grown over their budget, which it prints. */
export async function writePages(): Promise<boolean> {
  const files = await bundlePages();
  if (files === null) return false;
  put(files);
  const kiB = gzipKiB(files);
  console.log(`pages: ${kiB.toFixed(1)} KiB gzip (budget ${gzipBudgetKiB})`);
  if (kiB > gzipBudgetKiB) console.error(`The pages are over their budget of ${gzipBudgetKiB} KiB gzip.`);
  return kiB <= gzipBudgetKiB;
}

/** Null when there is a mistake in the code; esbuild has told it. */
export async function bundlePages(): Promise<PageFiles | null> {
  const entries = Object.keys(titles);
  let result: BuildResult<{ write: false; metafile: true }>;
  try {
    result = await build({
      absWorkingDir: repoFolder,
      entryPoints: [
        ...entries.map((name) => join(source, `${name}.tsx`)),
        join(source, 'styles', 'pages.css'),
        join(source, 'mark.svg'),
      ],
      outdir: join(pagesFolder, 'assets'),
      entryNames: '[name]-[hash]',
      chunkNames: 'shared-[hash]',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'browser',
      target: ['chrome123', 'firefox120', 'safari17.5'],
      jsx: 'automatic',
      jsxImportSource: 'preact',
      loader: { '.svg': 'copy' },
      minify: true,
      legalComments: 'none',
      metafile: true,
      write: false,
      logLevel: 'error',
    });
  } catch {
    return null;
  }
  const files = new Map(result.outputFiles.map(({ path, text }) => [relative(pagesFolder, path), text]));
  const template = readFileSync(join(source, 'page.html'), 'utf8');
  for (const name of entries) files.set(`${name}.html`, htmlOf(name, template, result.metafile));
  return files.set('_headers', headers);
}

/** The page's own script, the chunks that it will import, and its styles. */
function htmlOf(name: string, template: string, { outputs }: Metafile): string {
  const isEntry = (file: string): boolean => outputs[file]?.entryPoint?.endsWith(`/dashboard/${name}.tsx`) === true;
  const script = Object.keys(outputs).find(isEntry) ?? '';
  const { imports = [] } = outputs[script] ?? {};
  const address = (file: string): string => `/assets/${basename(file)}`;
  const theOne = (ending: string): string => address(Object.keys(outputs).find((file) => file.endsWith(ending)) ?? '');
  return template
    .replace('{{title}}', titles[name] ?? name)
    .replace('{{icon}}', theOne('.svg'))
    .replace('{{styles}}', theOne('.css'))
    .replace('{{script}}', address(script))
    .replace(
      '{{chunks}}',
      imports
        .filter(({ kind, external }) => kind === 'import-statement' && external !== true)
        .map(({ path }) => `<link rel="modulepreload" href="${address(path)}" />`)
        .join('\n    '),
    );
}

export function gzipKiB(files: PageFiles): number {
  const sizes = [...files].map(([, text]) => gzipSync(text, { level: 9 }).byteLength);
  return sizes.reduce((sum, size) => sum + size, 0) / 1024;
}

/** New files first, then the pages that name them, then old files are deleted, so that a concurrent reader never finds a missing file. */
function put(files: PageFiles): void {
  for (const [path, text] of [...files].toSorted(([a], [b]) => Number(a.endsWith('.html')) - Number(b.endsWith('.html')))) {
    const file = join(pagesFolder, path);
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text);
  }
  for (const name of readdirSync(join(pagesFolder, 'assets'))) {
    if (!files.has(`assets/${name}`)) rmSync(join(pagesFolder, 'assets', name), { force: true });
  }
}
