/**
 * The import graph by file and by room, which `npm run graph` prints and the test of the floors asserts. Type-only imports count like any
 * other, since they couple two places for readers and for refactoring.
 */
import { importsOf, type SourceFile } from './source-files.ts';

/** One import of a file by another, both of this repository. */
export interface Link {
  readonly from: string;
  readonly to: string;
}

/** What each place imports, with the links responsible. */
export type Graph = ReadonlyMap<string, ReadonlyMap<string, readonly Link[]>>;

/** Files and their imports of each other. Other targets (packages, generated files) are left out. */
export function fileGraph(files: readonly SourceFile[]): Graph {
  const known = new Set(files.map(({ path }) => path));
  return new Map(
    files.map((file) => {
      const targets = new Set(importsOf(file).map(({ target }) => target));
      const links = [...targets].filter((target) => known.has(target)).map((to) => ({ from: file.path, to }));
      return [file.path, new Map(links.map((link) => [link.to, [link]]))];
    }),
  );
}

/** The same by room, as `roomOf` divides the files; links within one room are left out. */
export function roomGraph(files: Graph, roomOf: (path: string) => string): Graph {
  const rooms = new Map<string, Map<string, Link[]>>();
  for (const path of files.keys()) rooms.set(roomOf(path), new Map());
  for (const links of files.values()) {
    for (const link of [...links.values()].flat()) {
      const [from, to] = [roomOf(link.from), roomOf(link.to)];
      const known = rooms.get(from);
      if (from !== to) known?.set(to, [...(known.get(to) ?? []), link]);
    }
  }
  return rooms;
}

/**
 * A folder of the core or of the pipeline with all that is below it, else a folder of the Worker. Files that stand beside such folders
 * (`worker/core/ports.ts`) are rooms by themselves: they may know every folder, and a folder that knows them in turn shows as a circle.
 */
export function roomOf(path: string): string {
  return firstSteps(path, /^worker\/(?:core|pipeline)\//.test(path) ? 3 : 2);
}

/** The same with the core and the pipeline as one room each. */
export function floorOf(path: string): string {
  return firstSteps(path, 2);
}

function firstSteps(path: string, most: number): string {
  return path
    .split('/')
    .slice(0, path.startsWith('worker/') ? most : 1)
    .join('/');
}

/** The places that match, and what they import of each other. */
export function part(graph: Graph, pattern: RegExp): Graph {
  const inside = [...graph].filter(([place]) => pattern.test(place));
  return new Map(inside.map(([place, targets]) => [place, new Map([...targets].filter(([to]) => pattern.test(to)))]));
}

/** Circles as `a → b → a`: one for every way back that a walk in depth comes upon; none of them means that there is none. */
export function circlesIn(graph: Graph): string[] {
  const circles: string[] = [];
  const seen = new Set<string>();
  const way: string[] = [];
  const visit = (place: string): void => {
    const begin = way.indexOf(place);
    if (begin !== -1) circles.push([...way.slice(begin), place].join(' → '));
    if (begin !== -1 || seen.has(place)) return;
    way.push(place);
    for (const next of graph.get(place)?.keys() ?? []) visit(next);
    way.pop();
    seen.add(place);
  };
  for (const place of graph.keys()) visit(place);
  return circles;
}

/** Places by height: 0 imports nothing of the graph, every other stands one above the highest that it imports. Not for a graph with circles. */
export function heightsIn(graph: Graph): ReadonlyMap<string, number> {
  const heights = new Map<string, number>();
  const heightOf = (place: string): number => {
    const known = heights.get(place);
    if (known !== undefined) return known;
    const height = Math.max(-1, ...[...(graph.get(place)?.keys() ?? [])].map(heightOf)) + 1;
    heights.set(place, height);
    return height;
  };
  for (const place of graph.keys()) heightOf(place);
  return heights;
}
