/** Reads the output of a dry run: the bindings and the start-up time that wrangler prints, and the bundle's size. Runs nothing. */
import { SourceMap } from 'node:module';
import { gzipSync } from 'node:zlib';

export interface Binding {
  readonly name: string;
  /** The class of a Durable Object, the value of a variable, the rate of a limit. */
  readonly detail: string;
  /** In wrangler's words: `Durable Object`, `Environment Variable`. */
  readonly resource: string;
}

/** Every binding in the table that `wrangler deploy --dry-run` prints, in its order. */
export function readBindings(output: string): Binding[] {
  const rows = output.matchAll(/^env\.(\w+)(?: \((.*)\))? {2,}(\S.*?)\s*$/gm);
  return [...rows].map(([, name = '', detail = '', resource = '']) => ({ name, detail, resource }));
}

/** What must be the same in every environment: names and kinds, and the classes of Durable Objects. Values and rates may differ. */
export function bindingLabels(bindings: readonly Binding[]): string[] {
  const label = ({ name, detail, resource }: Binding): string =>
    resource === 'Durable Object' ? `${name} (${resource} ${detail})` : `${name} (${resource})`;
  return bindings.map(label).sort();
}

/** Milliseconds for which `wrangler check startup` saw the Worker busy before its first request; null without a figure. */
export function readStartupMs(output: string): number | null {
  const [, ms] = /\bActive: ([\d.]+) ms/.exec(output) ?? [];
  return ms === undefined ? null : Number(ms);
}

export interface BundleSize {
  readonly kiB: number;
  readonly gzipKiB: number;
  /** The size of code and configuration, without the classifier's weights, which have no budget. */
  readonly gzipKiBWithoutWeights: number;
  /** What makes up the rest, the largest first. */
  readonly parts: readonly BundlePart[];
}

export interface BundlePart {
  readonly name: string;
  readonly kiB: number;
  /** How much smaller the bundle is without it. The parts add up to less than the whole: each repeats what others say, too. */
  readonly gzipKiB: number;
}

const weights = 'weights';

/** @param sourceMap the bundle's own, as JSON: it says which characters came from which file */
export function bundleSize(bundle: string, sourceMap: string): BundleSize {
  const pieces = piecesOf(bundle, sourceMap);
  const [all, rest] = [pieces, pieces.filter(({ part }) => part !== weights)];
  const whole = gzipKiB(rest);
  const names = [...new Set(rest.map(({ part }) => part))].filter((name) => name !== '');
  const parts = names.map((name) => {
    const chars = rest.reduce((sum, { part, text }) => sum + (part === name ? text.length : 0), 0);
    return { name, kiB: chars / 1024, gzipKiB: whole - gzipKiB(rest.filter(({ part }) => part !== name)) };
  });
  return {
    kiB: Buffer.byteLength(bundle) / 1024,
    gzipKiB: gzipKiB(all),
    gzipKiBWithoutWeights: whole,
    parts: parts.toSorted((a, b) => b.gzipKiB - a.gzipKiB),
  };
}

function gzipKiB(pieces: readonly Piece[]): number {
  return gzipSync(pieces.map(({ text }) => text).join('')).byteLength / 1024;
}

interface Piece {
  readonly text: string;
  /** Empty for what the bundler wrote itself. */
  readonly part: string;
}

/** The bundle in pieces of one origin each. */
function piecesOf(bundle: string, sourceMap: string): Piece[] {
  const map = new SourceMap(JSON.parse(sourceMap));
  const partAt = (row: number, column: number): string => {
    const entry = map.findEntry(row, column);
    return 'originalSource' in entry ? partOf(entry.originalSource) : '';
  };
  const pieces: Piece[] = [];
  for (const [row, line] of bundle.split('\n').entries()) {
    if (row > 0) pieces.push({ text: '\n', part: '' });
    let from = 0;
    let part = partAt(row, 0);
    for (let column = 1; column <= line.length; column += 1) {
      const next = column < line.length ? partAt(row, column) : null;
      if (next === part) continue;
      pieces.push({ text: line.slice(from, column), part });
      [from, part] = [column, next ?? ''];
    }
  }
  return pieces;
}

/** A package, a folder of the Worker, or what is shared. */
function partOf(source: string): string {
  if (source.includes('/classify/weights/')) return weights;
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
  if (name !== undefined) return name;
  const [, folder] = /(?:^|\/)(worker\/core\/[^/]+|worker\/[^/]+|shared)\//.exec(source) ?? [];
  return folder ?? (/(?:^|\/)worker\//.test(source) ? 'worker' : '');
}
