/** Reads what a dry run leaves behind: the bindings and the start-up time that wrangler prints, and the bundle's size. Runs nothing. */
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

/** What is the same in every environment: names and kinds, and the classes of Durable Objects. Values and rates may differ. */
export function bindingLabels(bindings: readonly Binding[]): string[] {
  const label = ({ name, detail, resource }: Binding): string =>
    resource === 'Durable Object' ? `${name} (${resource} ${detail})` : `${name} (${resource})`;
  return bindings.map(label).sort();
}

/** Milliseconds in which `wrangler check startup` saw the Worker busy before its first request; null when it says nothing. */
export function readStartupMs(output: string): number | null {
  const [, ms] = /\bActive: ([\d.]+) ms/.exec(output) ?? [];
  return ms === undefined ? null : Number(ms);
}

export interface BundleSize {
  readonly kiB: number;
  readonly gzipKiB: number;
  /** Without the classifier's weights, which have no budget here: what code and configuration take. */
  readonly gzipKiBWithoutWeights: number;
}

/** @param sourceMap the bundle's own, as JSON: it says which characters are weights */
export function bundleSize(bundle: string, sourceMap: string): BundleSize {
  const gzipKiB = (text: string): number => gzipSync(text).byteLength / 1024;
  return {
    kiB: Buffer.byteLength(bundle) / 1024,
    gzipKiB: gzipKiB(bundle),
    gzipKiBWithoutWeights: gzipKiB(withoutSources(bundle, sourceMap, /\/classify\/weights\//)),
  };
}

/** The bundle without what came from the source files that match. */
export function withoutSources(bundle: string, sourceMap: string, pattern: RegExp): string {
  const map = new SourceMap(JSON.parse(sourceMap));
  const comesFromThem = (line: number, column: number): boolean => {
    const entry = map.findEntry(line, column);
    return 'originalSource' in entry && pattern.test(entry.originalSource);
  };
  const strip = (line: string, row: number): string =>
    Array.from({ length: line.length }, (_, column) => (comesFromThem(row, column) ? '' : line[column])).join('');
  return bundle.split('\n').map(strip).join('\n');
}
